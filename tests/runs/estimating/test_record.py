"""What the estimator says of itself once runs have ended: by command, and to whoever asks about past runs."""

import json
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from runs.engine.estimate import band
from runs.estimating import past, record
from runs.insight.told import eta_record
from runs.models import Checkpoint, Run
from tests.factories import Api, token_of
from tests.runs.factories import NOW, ada, work

pytestmark = pytest.mark.django_db


def ended(total: float = 100.0, **columns: Any) -> Run:
    """A run that took so long."""
    made = work({"a": {}}).run
    plain = {"status": "completed", "end_reason": "done", "started_at": NOW, "completed": 1, "pending": 0}
    Run.objects.filter(pk=made.pk).update(**(plain | {"finished_at": NOW + timedelta(seconds=total)} | columns))
    return made


def said(
    run: Run, elapsed: float, eta: float, low: float, high: float, *, shown: bool = True, judged: bool = True
) -> None:
    Checkpoint.objects.create(
        run=run,
        point=Checkpoint.objects.count(),
        elapsed=elapsed,
        eta=eta,
        low=low,
        high=high,
        plain_low=low,
        plain_high=high,
        known=True,
        shown=shown,
        judged=judged,
    )


def test_errors_are_shares_of_the_whole_and_the_band_is_held_to_its_word() -> None:
    run = ended()
    said(run, 20, 70, 60, 90)  # 10 too few
    said(run, 50, 52, 40, 60)
    said(run, 80, 26, 24, 30)  # 6 too many, and 4 beyond the band
    found = record.record([run.pk])
    assert found is not None
    assert (found.runs, found.checkpoints) == (1, 3)
    assert (found.error_percent, found.early_error_percent, found.late_error_percent) == (6.0, 10.0, 6.0)
    assert found.coverage_percent == pytest.approx(200 / 3)
    assert found.interval_score == pytest.approx((30 + 20 + 6 + 40) / 3)


def test_what_was_too_early_to_be_shown_does_not_count() -> None:
    run = ended()
    said(run, 2, 500, 1, 5_000, shown=False)
    assert eta_record([run.pk]) is None


def test_what_was_said_before_a_run_was_held_is_not_judged() -> None:
    run = ended()
    said(run, 10, 5, 4, 6, judged=False)
    assert record.record([run.pk]) is None
    said(run, 50, 50, 40, 60)
    found = record.record([run.pk])
    assert found is not None and (found.checkpoints, found.error_percent) == (1, 0.0)


@pytest.mark.parametrize(
    "columns", [{"status": "cancelled", "end_reason": "cancelled"}, {"status": "failed", "end_reason": "fail_fast"}]
)
def test_a_run_that_was_broken_off_says_nothing(columns: dict[str, Any]) -> None:
    run = ended(**columns)
    said(run, 50, 50, 40, 60)
    assert record.record([run.pk]) is None


def test_insights_tell_the_same_numbers() -> None:
    run = ended()
    said(run, 50, 52, 40, 60)
    found = eta_record([run.pk])
    assert found is not None
    assert (found["error_percent"], found["coverage_percent"], found["checkpoints"]) == (2.0, 100.0, 1)


def test_each_past_run_tells_how_far_off_it_was_and_its_report_what_was_said_when() -> None:
    first, second, silent = ended(), ended(), ended()
    now, total = timezone.now(), 100.0
    Run.objects.all().update(started_at=now - timedelta(seconds=total), finished_at=now)
    said(first, 0, total, total / 2, 2 * total)
    said(first, 1, 1, 1, 1, shown=False)
    said(second, 0, total / 2, 0, total / 2)
    viewer = Api(token_of(ada(), "viewer"))
    rows = {row["run"]: row for row in viewer.get("insights/").json()["results"]}
    told = [
        (rows[str(run.pk)]["eta_error_percent"], rows[str(run.pk)]["eta_coverage_percent"])
        for run in (first, second, silent)
    ]
    assert told == [(pytest.approx(0, abs=0.01), 100.0), (pytest.approx(50, abs=0.01), 0.0), (None, None)]
    report = json.loads(viewer.get(f"runs/{first.pk}/report/").getvalue())
    assert [(one["elapsed_seconds"], one["eta_seconds"], one["shown"]) for one in report["insight"]["eta_points"]] == [
        (0, total, True),
        (1, 1, False),
    ]


def test_the_command_tells_the_record_of_all_and_by_kind() -> None:
    out = StringIO()
    call_command("backtest", stdout=out)
    assert out.getvalue() == "no run that was estimated has ended yet\n"
    run = ended()
    said(run, 50, 52, 40, 60)
    out = StringIO()
    call_command("backtest", stdout=out)
    told = "runs=1 n=1 median 2.0% early none late none coverage 100% interval score 20"
    assert out.getvalue().splitlines() == [f"all: {told}", f"simulate: {told}"]


def test_a_file_to_read_wants_one_to_write() -> None:
    with pytest.raises(CommandError, match="come together"):
        call_command("backtest", observations="moments.jsonl")


def test_the_band_is_stretched_by_what_ended_runs_needed_once_there_are_enough() -> None:
    runs = [ended() for _ in range(band.ENOUGH_RUNS)]
    for run in runs:
        for at in range(4):
            said(run, 20 + at, 60, 50, 70)  # 20 less than it took: twice as far up as the band went
        if run is not runs[-1]:
            assert past.factors(ada().pk, True, NOW + timedelta(days=1)) is None
    down, up = past.factors(ada().pk, True, NOW + timedelta(days=1)) or (0, 0)
    assert down == 0.25 and up == pytest.approx(2.0)
    assert past.factors(ada().pk, False, NOW + timedelta(days=1)) is None
    assert past.factors(ada().pk, True, NOW) is None
