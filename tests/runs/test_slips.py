"""What the ledger is given to look at."""

from runs.slips import Slip, by_run


def test_runs_are_locked_in_the_order_of_their_numbers() -> None:
    slips = [Slip(run) for run in (3, 1, 2, 1)]
    assert by_run(slips) == [(1, [slips[1], slips[3]]), (2, [slips[2]]), (3, [slips[0]])]


def test_a_slip_without_a_report_only_wants_a_pass() -> None:
    assert (Slip(7).report, Slip(7).frees, Slip(7).instead) == (None, False, False)
