from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import User

from runs import transitions
from runs.models import Run
from runs.reading import past
from runs.reports import Report, Said
from tests.runs.factories import NOW, work
from tests.scenes import Scene, ended_scene, scene

pytestmark = pytest.mark.django_db

STATUSES = ("pending", "in_progress", "completed", "failed", "cancelled", "skipped")


@pytest.fixture
def kept(ada: User) -> tuple[Scene, list[tuple[datetime, Run, dict[str, str]]]]:
    """A run with a try that is lost and one that fails, and what was true at each of its steps."""
    run = scene(ada, "abcdef", {"f": ["d"]}, max_agents=3)
    run.run.subtasks.filter(key__in="be").update(usual_seconds=7.5)
    seen = []

    def look() -> None:
        rows = {subtask.key: subtask.status for subtask in run.run.subtasks.all()}
        seen.append((run.now, run.run, rows))
        run.later(10)

    look()
    run.start("a", "b", "c")
    look()
    run.complete("a")
    look()
    run.lose("b")
    look()
    run.start("b", "d")
    look()
    run.fail("d")
    look()
    run.complete("b", "c")
    run.start("e")
    look()
    run.complete("e")
    look()
    return run, seen


def test_the_numbers_of_each_moment_follow_from_the_log(
    kept: tuple[Scene, list[tuple[datetime, Run, dict[str, str]]]],
) -> None:
    scene, seen = kept
    ended = scene.run
    assert ended.finished_at is not None
    for time, then, _ in seen:
        moment = time + timedelta(seconds=5)
        seq = past.seq_at(ended, moment)
        assert seq == then.last_seq
        found = past.numbers(ended, seq, moment)
        assert found.by_status == {status: getattr(then, status) for status in STATUSES}
        assert found.expected_ended == pytest.approx(then.expected_ended)
        assert (found.retries, found.losses) == (then.retries, then.losses)
        assert found.agents == then.agents_active
        done = past.done(ended, seq)
        assert done is not None
        assert done.completed == then.overhead_count
        of_then = (then.work_done, then.usual_took, then.usual_work)
        assert (done.work_seconds, done.usual_took, done.usual_seconds) == pytest.approx(of_then)
    assert ended.work_done > ended.usual_took > 0


def test_of_what_nobody_counted_there_is_no_work_to_tell(ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    made = ended_scene(ada)
    assert past.done(made.run, made.run.last_seq) is not None
    with monkeypatch.context() as smaller:
        smaller.setattr(past, "ADDED_UP", 1)
        assert past.done(made.run, made.run.last_seq) is None
    Run.objects.update(usual_work=None)
    assert past.done(made.run, made.run.last_seq) is None


def test_subtasks_are_as_they_were(kept: tuple[Scene, list[tuple[datetime, Run, dict[str, str]]]]) -> None:
    scene, seen = kept
    ended = scene.run
    keys = dict(ended.subtasks.values_list("pk", "key"))
    for _, then, rows in seen:
        were = past.of_subtasks(ended, then.last_seq, list(keys))
        assert {keys[number]: was.status for number, was in were.items()} == rows
        statuses = past.statuses(ended, then.last_seq)
        assert {key: statuses.get(number, "pending") for number, key in keys.items()} == rows


def test_before_the_first_event_there_is_nothing(
    kept: tuple[Scene, list[tuple[datetime, Run, dict[str, str]]]],
) -> None:
    scene, _ = kept
    assert past.seq_at(scene.run, scene.run.created_at - timedelta(seconds=1)) == 0
    assert past.seq_at(scene.run, scene.now + timedelta(days=1)) == scene.run.last_seq


def test_a_person_who_was_asked_is_no_agent_that_was_at_work() -> None:
    made = work({"a": {}, "ok": {"executor": {"name": "approval", "question": "Ship it?"}}})
    made.sweep()
    lease = made.begin("a")
    made.clock.advance(10)
    made.say(Said.COMPLETE, lease)
    made.clock.advance(10)
    asked = made.attempt("ok")
    with made.entry() as entry:
        transitions.apply(entry, [Report(Said.COMPLETE, made.run_id, asked.pk, asked.epoch)], chance=0.0)
    run = made.run
    moments = [NOW + timedelta(seconds=seconds) for seconds in (5, 15)]
    assert [past.numbers(run, past.seq_at(run, moment), moment).agents for moment in moments] == [1, 0]
