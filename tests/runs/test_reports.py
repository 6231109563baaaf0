"""What is said about an attempt."""

import pytest

from runs.reports import Report, Said, digest


@pytest.mark.parametrize("said", Said)
def test_every_report_but_a_start_and_a_beat_ends_its_attempt(said: Said) -> None:
    assert Report(said, 1, 1, 1).ends == (said not in (Said.START, Said.BEAT))


def test_a_digest_does_not_depend_on_the_order_of_keys() -> None:
    assert digest({"a": 1, "b": [2]}) == digest({"b": [2], "a": 1})


@pytest.mark.parametrize(
    ("one", "other"), [(1, "1"), (None, "null"), ([], {}), (0, False), ("é", "e"), ([1, 2], [2, 1])]
)
def test_different_results_have_different_digests(one: object, other: object) -> None:
    assert digest(one) != digest(other)


def test_a_report_knows_the_digest_of_its_result() -> None:
    assert Report(Said.COMPLETE, 1, 1, 1, result={"a": 1}).digest == digest({"a": 1})


def test_two_reports_do_not_share_their_usage() -> None:
    one, other = Report(Said.BEAT, 1, 1, 1), Report(Said.BEAT, 1, 2, 1)
    one.usage.input_tokens += 1
    assert other.usage.input_tokens == 0
