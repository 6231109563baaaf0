"""The estimate that a run's page shows: when it is made, when there is none, and where it is kept."""

import json
from typing import Any

import pytest
from django.contrib.auth.models import User

from runs import queries, transitions
from runs.estimating import answers, observations, seen
from runs.estimating.live import Estimator
from runs.models import Agent, Checkpoint, Run, Subtask, Token
from runs.reports import Said
from runs.tokens import digest
from tests.factories import token_of
from tests.runs.factories import Work, dump, violations, work

pytestmark = pytest.mark.django_db

EIGHT: dict[str, Any] = {f"t{at}": {} for at in range(8)}
COLUMNS = ("eta_at", "eta_low_at", "eta_high_at", "eta_confidence")


def under_way(outline: Any = EIGHT, **columns: Any) -> Work:
    """A run on two agents: two subtasks have taken 30 s each, two more have been at it for 10 s."""
    run = work(outline, **({"max_agents": 2} | columns))
    run.sweep()
    first, second, third, fourth = list(outline)[:4]
    leases = [run.begin(first), run.begin(second)]
    run.clock.advance(30)
    for lease in leases:
        run.say(Said.COMPLETE, lease)
    run.begin(third), run.begin(fourth)
    run.clock.advance(10)
    return run


def estimator(run: Work) -> Estimator:
    return Estimator(lambda number: answers.answer(number, run.now), run.clock, lambda: run.now.timestamp())


def shown(run: Work) -> dict[str, Any]:
    found = queries.snapshot(run.run_id, run.now)
    return {name: found[name] for name in ("eta_seconds", "eta_low_seconds", "eta_high_seconds", "eta_confidence")}


NOTHING = dict.fromkeys(("eta_seconds", "eta_low_seconds", "eta_high_seconds", "eta_confidence"))


def test_an_estimate_is_shown_as_what_is_left_and_runs_down() -> None:
    run = under_way()
    assert shown(run) == NOTHING
    assert estimator(run).turn()
    first = shown(run)
    assert first["eta_seconds"] == pytest.approx(80, rel=0.15)
    assert first["eta_low_seconds"] <= first["eta_seconds"] <= first["eta_high_seconds"]
    assert first["eta_confidence"] == 0.8
    run.clock.advance(5)
    assert shown(run)["eta_seconds"] == pytest.approx(first["eta_seconds"] - 5)
    run.clock.advance(first["eta_high_seconds"])
    assert shown(run)["eta_seconds"] == shown(run)["eta_high_seconds"] == 0
    run.clock.advance(10)  # it should be over long since, and nobody has made another
    assert shown(run) == NOTHING


def test_what_was_expected_before_a_restart_is_forgotten_until_it_is_known_anew() -> None:
    run = under_way()
    estimator(run).turn()
    first = shown(run)

    def still_starting(number: int) -> Any:
        raise OSError("the child is not there yet")

    with pytest.raises(OSError):
        Estimator(still_starting, run.clock, lambda: run.now.timestamp()).turn()
    assert shown(run) == NOTHING
    estimator(run).turn()
    assert shown(run)["eta_seconds"] == first["eta_seconds"]


def test_nothing_but_its_columns_is_written_and_nothing_is_violated() -> None:
    run = under_way()
    before = dump()
    estimator(run).turn()
    after = dump()
    assert violations(run.now) == []
    (old,), (new,) = before.pop("Run"), after.pop("Run")
    assert after == before
    assert all(value is not None for value in Run.objects.values_list(*COLUMNS).get())
    assert sum(was != now for was, now in zip(old, new)) == len(COLUMNS)


def test_what_is_shown_is_what_backtest_answers_for_the_same_moment() -> None:
    run = under_way()
    state = seen.state(run.run_id, run.now)
    assert not isinstance(state, seen.Nothing)
    line = {
        "id": 1,
        "run": "r",
        "now": state.now,
        "agents": state.agents,
        "done": list(state.done.items()),
        "done_at": [30.0, 30.0],
        "running": list(state.running.items()),
        "pending": list(state.queue),
        "types": state.kinds,
        "preds": state.preds,
        "history": state.history,
    }
    (told,) = observations.answers([observations.read(json.dumps(line))])
    estimator(run).turn()
    assert shown(run)["eta_seconds"] == pytest.approx(told["eta"], abs=1e-4)
    assert shown(run)["eta_low_seconds"] == pytest.approx(told["lo"], abs=1e-4)
    assert shown(run)["eta_high_seconds"] == pytest.approx(told["hi"], abs=1e-4)


def test_it_is_made_anew_on_a_change_and_otherwise_now_and_then() -> None:
    run = under_way()
    made: list[int] = []
    one = Estimator(
        lambda number: made.append(number) or answers.answer(number, run.now),  # type: ignore[func-returns-value]
        run.clock,
        lambda: run.now.timestamp(),
    )
    one.turn()
    run.clock.advance(2)
    one.turn()
    assert len(made) == 1
    run.say(Said.COMPLETE, _lease(run, "t2"))
    one.turn()
    assert len(made) == 2
    run.clock.advance(0.5)
    run.begin("t4")
    one.turn()
    assert len(made) == 2
    run.clock.advance(10)
    one.turn()
    assert len(made) == 3


def _lease(run: Work, key: str) -> Any:
    attempt = run.attempt(key)
    return type("Lease", (), {"attempt": attempt.pk, "epoch": attempt.epoch})


def test_a_run_of_less_than_a_second_is_left_alone() -> None:
    run = work(EIGHT)
    run.sweep()
    run.clock.advance(0.9)
    estimator(run).turn()
    assert not Checkpoint.objects.exists()


# ---- when there is none ----


def test_a_paused_run_shows_none_and_what_was_expected_is_not_judged() -> None:
    run = under_way()
    one = estimator(run)
    one.turn()
    assert Checkpoint.objects.count() == 1
    with run.entry() as entry:
        transitions.move(entry, "pause")
    assert shown(run) == NOTHING
    one.turn()
    assert Run.objects.get().eta_at is None
    assert not Checkpoint.objects.get().judged


def test_who_waits_for_a_person_has_no_time() -> None:
    outline = EIGHT | {"ask": {"executor": {"name": "approval", "question": "On?"}, "needs": ["t7"]}}
    run = under_way(outline)
    assert answers.answer(run.run_id, run.now) == {"why": "person"}
    estimator(run).turn()
    assert shown(run) == NOTHING


def test_a_question_of_an_agent_takes_the_estimate_away() -> None:
    run = under_way()
    one = estimator(run)
    one.turn()
    Run.objects.update(questions=1)
    one.turn()
    assert shown(run) == NOTHING
    Run.objects.update(questions=0)


def test_reported_work_has_an_open_end() -> None:
    run = under_way()
    Run.objects.update(backend="tracked")
    assert not estimator(run).turn()
    assert shown(run) == NOTHING
    Run.objects.update(backend="embedded")


def test_work_for_agents_of_whom_none_is_there_has_no_time() -> None:
    run = work({"a": {"executor": None}}, backend="external")
    run.sweep()
    run.clock.advance(60)
    assert answers.answer(run.run_id, run.now) == {"why": "agent"}


def test_of_what_nothing_is_known_it_is_too_early_to_tell() -> None:
    run = work({f"t{at}": {"executor": {"name": "read", "path": "x"}} for at in range(8)}, max_agents=2)
    run.sweep()
    run.begin("t0")
    run.clock.advance(2)
    estimator(run).turn()
    assert shown(run) == NOTHING
    assert not Checkpoint.objects.get().shown


# ---- what it is made from ----


def test_earlier_runs_say_what_a_kind_takes_with_all_its_tries() -> None:
    first = work({"a": {"executor": {"name": "read", "path": "x"}, "max_retries": 2}})
    first.sweep()
    first.do("a", Said.FAIL, error="no")
    first.clock.advance(40)
    first.sweep()
    lease = first.begin("a")
    first.clock.advance(5)
    first.say(Said.COMPLETE, lease)
    first.sweep()
    assert first.run.status == "completed"
    second = work({"b": {"executor": {"name": "read", "path": "y"}}})
    second.clock.now = first.now
    state = seen.state(second.run_id, second.now)
    assert not isinstance(state, seen.Nothing)
    assert state.history == [[("read", 45.0)]]


def test_what_is_told_counts_until_an_earlier_run_knows_better() -> None:
    run = work({"a": {"executor": {"name": "read", "path": "x"}, "estimated_seconds": 12}})
    before = seen.state(run.run_id, run.now)
    after = seen.state(run.run_id, run.now, [[("read of about 12 s", 3.0)]])
    assert not isinstance(before, seen.Nothing) and not isinstance(after, seen.Nothing)
    assert list(before.history) == [[("read of about 12 s", 12.0)]] and before.guessed
    assert list(after.history) == [[("read of about 12 s", 3.0)]] and not after.guessed


def test_agents_from_outside_are_counted_while_they_are_seen_and_their_kind_counts(ada: User) -> None:
    run = work({"a": {"executor": None}, "b": {"executor": None}}, backend="external")
    run.sweep()
    token = Token.objects.get(digest=digest(token_of(ada, "agent")))
    impl = Agent.objects.create(name="impl-1", kind="coder", token=token)
    lease = run.lease("a", agent=impl.pk)
    run.clock.advance(20)
    state = seen.state(run.run_id, run.now)
    assert not isinstance(state, seen.Nothing)
    assert (state.agents, state.kinds) == (1, ["external by coder"] * 2)
    run.say(Said.COMPLETE, lease)
    run.clock.advance(31)
    assert seen.state(run.run_id, run.now) == seen.Nothing("agent")


def test_behind_barriers_phases_come_one_after_the_other() -> None:
    outline = {f"{phase}{at}": {"phase": phase} for phase in (1, 2) for at in range(3)}
    free, barred = (seen.state(work(outline, barriers=on, max_agents=2).run_id, work({}).now) for on in (False, True))
    assert not isinstance(free, seen.Nothing) and not isinstance(barred, seen.Nothing)
    assert [len(stage.queue) for stage in barred.stages] == [3, 3]
    assert free.stages == []


def test_what_has_failed_or_waits_for_a_failure_is_not_expected() -> None:
    outline = EIGHT | {"mend": {"when": "failed", "needs": ["t0"]}}
    run = under_way(outline)
    state = seen.state(run.run_id, run.now)
    assert not isinstance(state, seen.Nothing)
    assert len(state.kinds) == 7 + 1  # mend was skipped when t0 ended well
    assert Subtask.objects.get(key="mend").status == "skipped"


def test_checkpoints_are_even_and_few_however_long_a_run_lasts() -> None:
    """Up to 64 s they are 2 s apart, up to 128 s 4 s: those between are taken away."""
    run = under_way()
    one = estimator(run)
    _turn(one, run, 23)
    before = _points()
    _turn(one, run, 10)
    assert before[0] == 40 and {point % 4 for point in before} == {0, 2}
    assert _points()[:2] == [point for point in before if point % 4 == 0][:2]
    assert {point % 4 for point in _points()} == {0} and max(_points()) >= 64


def _turn(one: Estimator, run: Work, seconds: int) -> None:
    for _ in range(seconds):
        one.turn()
        run.clock.advance(1)


def _points() -> list[int]:
    return list(Checkpoint.objects.order_by("point").values_list("point", flat=True))


def test_a_checkpoint_keeps_the_speedup_that_was_shown() -> None:
    run = under_way()
    estimator(run).turn()
    assert Checkpoint.objects.get().speedup == queries.snapshot(run.run_id, run.now)["speedup"] == 60 / 40
