"""A run as a trace: the fields that Chrome's tracing and Perfetto read."""

import json
from itertools import combinations
from typing import Any

import pytest
from django.contrib.auth.models import User
from hypothesis import given
from hypothesis import strategies as st

from runs import transitions
from runs.insight import history, trace
from runs.insight.history import History, Try
from runs.reports import Said
from tests.runs.factories import work
from tests.scenes import Scene, scene

pytestmark = pytest.mark.django_db

NEEDED = {
    "X": {"name", "cat", "ts", "dur", "args"},
    "M": {"name", "args"},
    "C": {"name", "ts", "args"},
    "i": {"name", "cat", "ts", "s"},
    "s": {"name", "cat", "ts", "id"},
    "f": {"name", "cat", "ts", "id", "bp"},
    "b": {"name", "cat", "ts", "id", "args"},
    "e": {"name", "cat", "ts", "id"},
}


@pytest.fixture
def made(ada: User) -> Scene:
    """`b` needs `a`, which succeeds at its second try; in between the run is paused."""
    there = scene(ada, ("a", "b"), {"b": ["a"]})
    there.start("a")
    there.later(2)
    there.fail("a", retryable=True)
    with there.entry() as entry:
        transitions.move(entry, "pause")
    there.later(60)
    with there.entry() as entry:
        transitions.move(entry, "resume")
    there.start("a")
    there.later(3)
    there.complete("a")
    there.start("b", agent="agent-2")
    there.later(4)
    there.end(Said.COMPLETE, "b")
    return there


def events(made: Scene) -> list[dict[str, Any]]:
    found = json.loads(b"".join(trace.chunks(made.run, history.read(made.run, made.now))))
    assert set(found) == {"displayTimeUnit", "traceEvents"}
    return list(found["traceEvents"])


def of(made: Scene, phase: str) -> list[dict[str, Any]]:
    return [event for event in events(made) if event["ph"] == phase]


def test_every_event_has_the_fields_of_its_phase_and_whole_microseconds(made: Scene) -> None:
    found = events(made)
    assert {event["ph"] for event in found} == {"X", "M", "C", "i", "s", "f"}
    for event in found:
        assert NEEDED[event["ph"]] | {"ph", "pid", "tid"} == set(event)
        assert event["pid"] == made.run_id
        assert all(isinstance(event[time], int) and event[time] >= 0 for time in {"ts", "dur"} & set(event))


def test_an_attempt_is_a_slice_of_its_agent(made: Scene) -> None:
    slices = [event for event in of(made, "X") if event["cat"] == "attempt"]
    assert [(one["name"], one["args"]["status"], one["ts"], one["dur"]) for one in slices] == [
        ("a", "failed", 0, 2_000_000),
        ("a", "succeeded", 62_000_000, 3_000_000),
        ("b", "succeeded", 65_000_000, 4_000_000),
    ]
    names = {event["tid"]: event["args"]["name"] for event in of(made, "M") if event["name"] == "thread_name"}
    assert [names[one["tid"]] for one in slices] == ["agent-1", "agent-1", "agent-2"]


def test_slices_of_a_thread_never_overlap(ada: User) -> None:
    """Perfetto leaves out those that do."""
    there = scene(ada, tuple("abcde"))
    there.start("a", "b", "c")
    there.later(1)
    there.complete("a", "b")
    there.start("d")
    there.start("e", agent="agent-2")
    there.later(1)
    there.complete("c", "d")
    names = {event["tid"]: event["args"]["name"] for event in of(there, "M") if event["name"] == "thread_name"}
    slices = {event["name"]: event for event in of(there, "X")}
    assert [names[slices[key]["tid"]] for key in "abcde"] == [
        "agent-1",
        "agent-1 (2)",
        "agent-1 (3)",
        "agent-1",
        "agent-2",
    ]
    assert names[there.run_id] == "run"


@given(spans=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 60), st.integers(1, 30)), max_size=40))
def test_places_beside_each_other_are_as_many_as_ever_were_open_at_once(spans: list[tuple[int, int, int]]) -> None:
    """Attempts as (agent, begin, how long)."""
    tries = [made_try(number, *span) for number, span in enumerate(spans)]
    places, beside = trace._beside(History(100, tries={one.id: [one] for one in tries}))
    for one, other in combinations(tries, 2):
        if one.agent == other.agent and places[one.id] == places[other.id]:
            assert ended(one) <= other.begun or ended(other) <= one.begun
    for agent, number in beside.items():
        own = [one for one in tries if one.agent == agent]
        assert number == max(sum(one.begun <= at.begun < ended(one) for one in own) for at in own)


def made_try(number: int, agent: int, begun: int, lasts: int) -> Try:
    return Try(number, number, 1, agent, "succeeded", False, begun, begun, begun, begun + lasts, None, None)


def ended(one: Try) -> int:
    assert one.ended is not None
    return one.ended


def test_an_arrow_leads_from_within_what_was_needed_to_what_needed_it(made: Scene) -> None:
    [out], [into] = of(made, "s"), of(made, "f")
    assert out["id"] == into["id"]
    assert (out["ts"], into["ts"], into["bp"]) == (64_999_999, 65_000_000, "e")


def test_the_counters_tell_how_many_run_and_wait(made: Scene) -> None:
    told = [(one["ts"] // 1_000_000, one["args"]["running"], one["args"]["pending"]) for one in of(made, "C")]
    assert told == [(0, 1, 1), (2, 0, 2), (62, 1, 1), (65, 1, 0), (69, 0, 0)]


def test_another_try_and_a_pause_are_marked(made: Scene) -> None:
    assert [(one["name"], one["ts"], one["s"]) for one in of(made, "i")] == [("to be tried again: a", 2_000_000, "t")]
    [paused] = [one for one in of(made, "X") if one["name"] == "paused"]
    assert (paused["ts"], paused["dur"]) == (2_000_000, 60_000_000)


def test_a_question_to_a_person_is_no_slice_of_a_thread() -> None:
    made = work({"ask": {"executor": {"name": "approval", "question": "Go on?"}}})
    made.sweep()
    made.clock.advance(5)
    attempt = made.attempt("ask")
    found = json.loads(b"".join(trace.chunks(made.run, history.read(made.run, made.now))))["traceEvents"]
    kinds = [(event["ph"], event["ts"]) for event in found if event.get("id") == attempt.pk]
    assert kinds == [("b", 0), ("e", 5_000_000)]
