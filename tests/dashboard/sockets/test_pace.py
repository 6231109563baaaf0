"""When to make the next frame."""

import pytest

from dashboard.sockets.pace import HTML_SECONDS, RESYNC_SECONDS, Beat


def quiet() -> Beat:
    beat = Beat(HTML_SECONDS)
    beat.made(100.0)
    return beat


def test_the_first_frame_is_due_at_once() -> None:
    assert Beat(HTML_SECONDS).due_in(0.0) == 0.0


def test_a_hint_after_a_quiet_time_is_answered_at_once() -> None:
    beat = quiet()
    beat.hint()
    assert beat.due_in(105.0) == 0.0


def test_a_hint_soon_after_a_frame_waits_for_the_rest_of_the_interval() -> None:
    beat = quiet()
    beat.hint()
    assert beat.due_in(100.03) == pytest.approx(0.07)


def test_without_a_hint_a_frame_is_due_only_to_be_sure() -> None:
    beat = quiet()
    assert beat.due_in(100.0) == RESYNC_SECONDS
    assert beat.due_in(100.0 + RESYNC_SECONDS) == 0.0


def test_many_hints_are_one_frame() -> None:
    beat = quiet()
    for _ in range(100):
        beat.hint()
    beat.made(100.1)
    assert beat.due_in(100.2) > 10


def test_what_changes_while_a_frame_is_made_wants_another() -> None:
    beat = quiet()
    beat.made(101.0)
    beat.hint()
    assert beat.due_in(101.0) == pytest.approx(HTML_SECONDS)


def test_a_storm_of_hints_makes_ten_frames_a_second() -> None:
    beat, frames = Beat(HTML_SECONDS), 0
    for millisecond in range(1_000):
        beat.hint()
        if beat.due_in(millisecond / 1_000) == 0.0:
            beat.made(millisecond / 1_000)
            frames += 1
    assert frames == 10
