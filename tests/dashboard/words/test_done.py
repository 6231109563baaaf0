"""When a run is over, in words, or why nobody can say."""

from typing import Any

import pytest

from dashboard.words.done import Done, done
from runs.models import Run

KNOWN = {"eta_seconds": 100.0, "eta_low_seconds": 90.0, "eta_high_seconds": 130.0, "eta_confidence": 0.8}
UNKNOWN = dict.fromkeys(KNOWN)


def test_the_range_says_how_often_it_is_right() -> None:
    assert done(Run(in_progress=1), KNOWN) == Done("1 min 40 s", "1–3", "right 8 times in 10")
    assert done(Run(in_progress=1), KNOWN | {"eta_seconds": 0.1}).words == "any moment"


@pytest.mark.parametrize(
    ("columns", "why"),
    [
        ({}, "too early to tell"),
        ({"status": "paused"}, "paused"),
        ({"backend": "tracked"}, "as its agents report"),
        ({"asking": 1}, "up to a person"),
        ({"backend": "external"}, "no agent is at it"),
        ({"outside": 2}, "waits for an agent"),
    ],
)
def test_where_nobody_can_say_it_is_said_why(columns: dict[str, Any], why: str) -> None:
    assert done(Run(**columns), UNKNOWN) == Done("–", "", why)


def test_what_only_an_agent_from_outside_can_do_is_not_expected_while_nobody_is_at_it() -> None:
    assert done(Run(outside=1), KNOWN).note == "waits for an agent"
    assert done(Run(outside=1, in_progress=3), KNOWN).words == "1 min 40 s"
