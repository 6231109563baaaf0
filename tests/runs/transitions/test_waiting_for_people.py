"""Time in which all that is left waits for a person counts neither as elapsed nor as work, and is shown by itself."""

from typing import Any

import pytest

from runs import queries, transitions
from runs.engine.waterfall import Part
from runs.insight import gained
from runs.models import Attempt, Run
from runs.reading import rested
from runs.reports import Report, Said
from tests.runs.factories import Work, violations, work

pytestmark = pytest.mark.django_db

ASK = {"executor": {"name": "approval", "question": "Ship it?"}}
HOURS = 3 * 3600
SHIP: dict[str, Any] = {"x": {}, "y": {}, "z": {}, "ok": {"needs": ["x", "y", "z"]} | ASK, "ship": {"needs": ["ok"]}}


def asked(more: dict[str, Any] | None = None) -> Work:
    """Three subtasks of ten seconds by three agents at once; then a person is asked, three hours ago."""
    made = work(SHIP | (more or {}))
    made.sweep()
    leases = [made.begin(key, f"agent-{key}") for key in ("x", "y", "z")]
    made.clock.advance(10)
    for lease in leases:
        made.say(Said.COMPLETE, lease)
    made.sweep()
    made.clock.advance(HOURS)
    return made


def answer(made: Work) -> None:
    attempt = made.attempt("ok")
    with made.entry() as entry:
        transitions.apply(entry, [Report(Said.COMPLETE, made.run_id, attempt.pk, attempt.epoch)], chance=0.0)


def shown(made: Work) -> tuple[float, float | None, float | None, str | None]:
    found = queries.snapshot(made.run_id, made.now)
    return found["elapsed_seconds"], found["person_seconds"], found["speedup"], found["verdict"]


def person(made: Work) -> float:
    """What the waterfall gives to people."""
    found = gained.gained(made.run, made.now)
    assert found is not None
    return found.waterfall.seconds(Part.PERSON)


def test_hours_until_an_answer_take_nothing_from_the_speedup() -> None:
    made = asked()
    assert shown(made) == (10, HOURS, 3, "parallel pays")
    assert person(made) == HOURS
    assert violations(made.now) == []


def test_what_a_person_held_up_is_named_apart_when_it_is_over() -> None:
    made = asked()
    answer(made)
    lease = made.begin("ship")
    made.clock.advance(5)
    made.say(Said.COMPLETE, lease)
    made.sweep()
    assert made.run.status == "completed"
    assert shown(made) == (15, HOURS, 35 / 15, "parallel pays")
    assert person(made) == HOURS
    assert violations(made.now) == []


def test_while_something_else_could_start_the_time_is_the_runs() -> None:
    made = asked({"docs": {}})
    assert shown(made)[:2] == (10 + HOURS, 0)
    lease = made.begin("docs")
    made.clock.advance(20)
    assert shown(made)[:2] == (30 + HOURS, 0)
    made.say(Said.COMPLETE, lease)
    made.clock.advance(60)
    assert shown(made)[:2] == (30 + HOURS, 60)
    assert violations(made.now) == []


def test_paused_while_a_person_is_asked_is_paused() -> None:
    made = asked()
    with made.entry() as entry:
        transitions.move(entry, "pause")
    made.clock.advance(50)
    found = queries.snapshot(made.run_id, made.now)
    assert (found["elapsed_seconds"], found["person_seconds"], found["paused_seconds"]) == (10, HOURS, 50)
    assert violations(made.now) == []


# ---- agents that ask while they are at it ----


def put(made: Work, key: str) -> None:
    attempt = made.attempt(key)
    beat = Report(Said.BEAT, made.run_id, attempt.pk, attempt.epoch, question="Which one?")
    with made.entry() as entry:
        transitions.apply(entry, [beat], chance=0.0)


def told(made: Work, key: str) -> None:
    with made.entry() as entry:
        assert transitions.answer(entry, made.subtask(key).pk, {"approved": True}) is not None


@pytest.mark.parametrize("gets_an_answer", [True, False], ids=["answered", "never answered"])
def test_what_an_agent_waits_for_is_neither_its_work_nor_the_runs_time(gets_an_answer: bool) -> None:
    made = work({"x": {}, "y": {"needs": ["x"]}})
    made.sweep()
    lease = made.begin("x")
    made.clock.advance(10)
    put(made, "x")
    made.clock.advance(HOURS)
    found = queries.snapshot(made.run_id, made.now)
    assert (found["elapsed_seconds"], found["person_seconds"], found["busy_seconds"]) == (10, HOURS, 10)
    assert violations(made.now) == []
    if gets_an_answer:
        told(made, "x")
        made.clock.advance(5)
    made.say(Said.COMPLETE, lease)
    seconds = 15 if gets_an_answer else 10
    found = queries.snapshot(made.run_id, made.now)
    assert (found["elapsed_seconds"], found["person_seconds"], found["speedup"]) == (seconds, HOURS, 1)
    assert (found["busy_seconds"], found["finished_work_seconds"]) == (seconds, seconds)
    assert person(made) == HOURS
    assert violations(made.now) == []


def test_while_another_agent_works_the_run_goes_on_and_who_asks_does_not() -> None:
    made = work({"x": {}, "y": {}})
    made.sweep()
    leases = [made.begin("x"), made.begin("y", "agent-2")]
    put(made, "x")
    made.clock.advance(100)
    found = queries.snapshot(made.run_id, made.now)
    assert (found["elapsed_seconds"], found["person_seconds"], found["busy_seconds"]) == (100, 0, 100)
    told(made, "x")
    made.clock.advance(20)
    for lease in leases:
        made.say(Said.COMPLETE, lease)
    assert shown(made)[:3] == (120, 0, (20 + 120) / 120)
    assert violations(made.now) == []


def test_two_questions_one_after_the_other_are_both_left_out() -> None:
    made = work({"x": {}})
    made.sweep()
    lease = made.begin("x")
    for _ in range(2):
        put(made, "x")
        made.clock.advance(30)
        told(made, "x")
        made.clock.advance(5)
    made.say(Said.COMPLETE, lease)
    assert Attempt.objects.get().asked_seconds == 60
    assert shown(made)[:3] == (10, 60, 1)
    assert violations(made.now) == []


def test_a_paused_run_whose_only_agent_asks_waits_for_the_answer() -> None:
    made = work({"x": {}, "y": {}})
    made.sweep()
    made.begin("x")
    put(made, "x")
    with made.entry() as entry:
        transitions.move(entry, "pause")
    made.clock.advance(40)
    found = queries.snapshot(made.run_id, made.now)
    assert (found["elapsed_seconds"], found["person_seconds"], found["paused_seconds"]) == (0, 40, 0)
    assert violations(made.now) == []


# ---- what is kept, and what is not known ----


def test_time_for_people_that_was_not_is_found() -> None:
    made = asked()
    Run.objects.update(person_at=None, person_seconds=3)
    assert violations(made.now) == [
        f"I8 run {made.run_id} keeps 3.000000 seconds of waiting for people, and by its log there are 10800.000000"
    ]


def test_an_answer_that_took_longer_than_is_kept_is_found() -> None:
    made = work({"x": {}})
    made.sweep()
    made.begin("x")
    put(made, "x")
    made.clock.advance(30)
    told(made, "x")
    attempt = made.attempt("x")
    Attempt.objects.update(asked_seconds=0)
    assert violations(made.now) == [
        f"I8 run {made.run_id} keeps open_started_sum = 30.000000, and there are 0.000000",
        f"I8 attempt {attempt.pk} asked for 0.000000 seconds, and by its log for 30.000000",
    ]


def test_of_a_run_made_before_anybody_counted_it_is_not_known() -> None:
    made = asked()
    Run.objects.update(person_at=None, person_seconds=None)
    answer(made)
    assert shown(made)[:2] == (10 + HOURS, None)
    assert violations(made.now) == []


def test_the_log_says_from_when_to_when() -> None:
    made = asked()
    answer(made)
    made.clock.advance(7)
    [(since, until)] = rested.rests(made.run, made.now)
    assert ((until - since).total_seconds(), (made.now - until).total_seconds()) == (HOURS, 7)
    assert rested.seconds([(since, until)], since) == 0
