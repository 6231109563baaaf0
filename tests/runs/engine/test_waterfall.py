"""Where the time went: each rule by itself, and that the parts add up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runs.engine.waterfall import Kind, Part, Span, waterfall


def parts(*spans: tuple[Kind, int, int], seats: int = 2, length: int = 10) -> dict[str, int]:
    """Microseconds of seats, without the parts that took none."""
    found = waterfall([Span(*span) for span in spans], seats, length)
    return {part: taken for part, taken in found.taken.items() if taken}


any_span = st.builds(Span, st.sampled_from(Kind), st.integers(-5, 120), st.integers(-5, 120))


@given(spans=st.lists(any_span, max_size=40), seats=st.integers(1, 9), length=st.integers(0, 100))
def test_the_parts_add_up_to_the_time_of_the_run_exactly(spans: list[Span], seats: int, length: int) -> None:
    found = waterfall(spans, seats, length)
    assert sum(found.taken.values()) == seats * length
    assert min(found.taken.values()) >= 0
    assert sum(found.seconds(part) for part in Part) == pytest.approx(found.wall_seconds, rel=1e-12)


@given(spans=st.lists(any_span, max_size=40), seats=st.integers(1, 9), length=st.integers(0, 100))
def test_no_order_of_the_spans_changes_the_parts(spans: list[Span], seats: int, length: int) -> None:
    assert waterfall(spans, seats, length) == waterfall(spans[::-1], seats, length)


def test_work_on_every_seat_all_the_time_is_the_ideal() -> None:
    assert parts((Kind.WORK, 0, 10), (Kind.WORK, 0, 10)) == {"work": 20}


def test_with_nothing_left_to_start_the_rest_is_the_tail() -> None:
    assert parts((Kind.WORK, 0, 10), (Kind.WORK, 0, 4)) == {"work": 14, "tail": 6}


@pytest.mark.parametrize(
    ("kind", "part"),
    [
        (Kind.SLOWDOWN, "slowdown"),
        (Kind.LOST, "retries"),
        (Kind.RETRY, "retries"),
        (Kind.OVERHEAD, "overhead"),
        (Kind.READY, "agents"),
        (Kind.QUESTION, "person"),
        (Kind.RATE_LIMIT, "rate_limit"),
        (Kind.RESOURCE, "resource"),
        (Kind.DEPENDENCY, "dependency"),
    ],
)
def test_one_seat_is_blamed_on_what_one_subtask_waited_for(kind: Kind, part: str) -> None:
    assert parts((Kind.WORK, 0, 10), (kind, 2, 6)) == {"work": 10, part: 4, "tail": 6}


def test_who_waits_while_all_seats_are_taken_is_to_blame_for_nothing() -> None:
    assert parts((Kind.WORK, 0, 10), (Kind.WORK, 0, 10), (Kind.RESOURCE, 0, 10)) == {"work": 20}


def test_what_could_start_is_blamed_before_what_could_not() -> None:
    many = [(Kind.DEPENDENCY, 0, 10)] * 5
    assert parts((Kind.WORK, 0, 10), (Kind.READY, 0, 10), *many) == {"work": 10, "agents": 10}


def test_while_the_run_is_paused_free_seats_are_paused_and_work_under_way_is_work() -> None:
    spans = [(Kind.PAUSED, 0, 10), (Kind.WORK, 0, 4), (Kind.READY, 0, 10)]
    assert parts(*spans) == {"work": 4, "paused": 16}


def test_what_needs_others_waits_for_the_person_when_nothing_else_is_under_way() -> None:
    waiting = [(Kind.QUESTION, 0, 10), (Kind.DEPENDENCY, 0, 10)]
    assert parts(*waiting) == {"person": 20}
    assert parts(*waiting, (Kind.WORK, 0, 10), seats=3) == {"work": 10, "person": 10, "dependency": 10}


def test_more_attempts_than_seats_do_not_make_the_run_longer() -> None:
    assert parts(*[(Kind.WORK, 0, 10)] * 5) == {"work": 20}


def test_what_is_said_of_times_outside_the_run_does_not_count() -> None:
    assert parts((Kind.WORK, -5, 3), (Kind.WORK, 8, 30)) == {"work": 5, "tail": 15}


def test_a_run_of_no_length_has_no_parts() -> None:
    assert parts((Kind.WORK, 0, 10), length=0) == {}
