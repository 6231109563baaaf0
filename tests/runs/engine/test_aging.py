from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from runs.engine.aging import due

NOW = datetime(2100, 1, 1, tzinfo=UTC)


def minutes(number: int) -> datetime:
    return NOW - timedelta(minutes=number)


def test_who_climbed_already_must_have_waited_for_longer() -> None:
    assert due(3, NOW, 60) == [(5, 0, minutes(1)), (4, 0, minutes(1)), (4, 1, minutes(2))]


def test_in_the_highest_class_in_line_nobody_climbs() -> None:
    assert due(5, NOW, 60) == []
    assert min(priority for priority, *_ in due(2, NOW, 60)) == 3


@given(st.integers(1, 5), st.integers(1, 5), st.integers(0, 10))
def test_whoever_waits_climbs_a_class_a_minute_to_the_highest_and_no_further(top: int, asked: int, waited: int) -> None:
    priority, climbed = asked, 0
    for minute in range(waited + 1):
        now = NOW + timedelta(minutes=minute)
        if any((p, c) == (priority, climbed) and since >= NOW for p, c, since in due(top, now, 60)):
            priority, climbed = priority - 1, climbed + 1
    assert priority == max(min(top, asked), asked - waited)
