"""A process that was away and a clock that jumped must cost nobody a lease."""

from datetime import UTC, datetime, timedelta

import pytest

from runs.engine.clocks import Watch

NOON = datetime(2100, 1, 1, 12, tzinfo=UTC)


def gap(passed: float, moved: float) -> float | None:
    """What a watch that looks each second says after so much steady time and so much of the wall clock."""
    watch = Watch(1.0)
    watch.looked(50.0, NOON)
    found = watch.gap(50.0 + passed, NOON + timedelta(seconds=moved))
    return None if found is None else found.total_seconds()


def test_the_first_look_finds_nothing_wrong() -> None:
    assert Watch(1.0).gap(1e6, NOON) is None


@pytest.mark.parametrize(("passed", "moved"), [(1, 1), (1.0, 1.3), (2.9, 2.9), (3, 3), (1, 0), (1, 2.9), (0.2, -1.7)])
def test_time_that_passes_as_it_should_is_no_gap(passed: float, moved: float) -> None:
    assert gap(passed, moved) is None


@pytest.mark.parametrize(
    ("passed", "moved"),
    [
        (300, 300),  # a process that was stopped
        (3.1, 3.1),  # a sweep that came late
        (1, 3600),  # a laptop that slept, or a clock that was set forward
        (1, -3600),  # a clock that was set back
        (1, 3.1),
        (1, -1.1),
        (300, 1),  # a clock that stood still
    ],
)
def test_all_that_the_wall_clock_moved_meanwhile_does_not_count(passed: float, moved: float) -> None:
    assert gap(passed, moved) == pytest.approx(moved)


def test_after_a_look_time_counts_again() -> None:
    watch = Watch(1.0)
    watch.looked(0.0, NOON)
    assert watch.gap(1.0, NOON + timedelta(hours=1)) is not None
    watch.looked(1.0, NOON + timedelta(hours=1))
    assert watch.gap(2.0, NOON + timedelta(hours=1, seconds=1)) is None
