"""Pools in live dispatch: how many run at once, who is passed over, who is called when there is room again."""

from typing import Any

import pytest

from runs import actions
from runs.models import Subtask
from tests.runs.acting import Puppet, Stage, most_open, register


def of(pool: str, **more: Any) -> dict[str, Any]:
    return {"executor": {"name": {"web": "http", "bash": "agent", "codebase": "read"}[pool]}, **more}


def shell(command: str) -> dict[str, Any]:
    return {"executor": {"name": "shell", "command": command}}


@pytest.fixture
def stage(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Stage:
    for name in ("http", "agent", "read", "shell"):
        register(monkeypatch, name, stage.puppet.run)
    return stage


def limit(stage: Stage, pool: str, most: int | None) -> None:
    actions.set_limit("pool", pool, capacity=most)
    stage.pass_time(1)


def test_a_pool_runs_no_more_at_once_than_it_may_and_others_beside_it(stage: Stage, puppet: Puppet) -> None:
    limit(stage, "web", 2)
    made = stage.run({f"w{at}": of("web") for at in range(4)} | {"r": of("codebase")}, max_agents=4)
    stage.wait_for("w0", "w1", "r")
    stage.end(made, "w0")
    stage.wait_for("w1", "w2", "r")
    stage.end(made, "w1", "w2", "w3", "r")
    assert (made.run.status, made.run.peak_open) == ("completed", 3)


def test_what_a_full_pool_keeps_out_is_passed_over_however_much_of_it_there_is(stage: Stage) -> None:
    limit(stage, "web", 1)
    stage.run({f"w{at:03}": of("web", priority=1) for at in range(200)} | {"last": of("bash", priority=5)})
    stage.wait_for("w000", "last")


def test_a_pool_is_one_for_all_runs_and_calls_whoever_waits(stage: Stage) -> None:
    limit(stage, "bash", 1)
    one, two = stage.run({"a": of("bash")}), stage.run({"b": of("bash")})
    stage.wait_for("a")
    assert two.status("b") == "pending"
    stage.end(one, "a")
    stage.wait_for("b")
    stage.end(two, "b")


def test_commands_of_a_sort_are_held_to_its_limit_without_anybody_setting_it(stage: Stage) -> None:
    logs = {f"g{at}": shell("git log") for at in range(3)}
    made = stage.run({**logs, "net": shell("curl x"), "ping": shell("ping x"), "any": shell("./x")}, max_agents=8)
    stage.wait_for("g0", "g1", "net", "any")
    stage.end(made, "g1", "net")
    stage.wait_for("g0", "g2", "ping", "any")
    stage.end(made, "g0", "g2", "ping", "any")


def test_no_more_than_sixteen_commands_run_at_once(stage: Stage) -> None:
    stage.seats.max_workers = 20
    made = stage.run({f"c{at:02}": shell("./x") for at in range(18)}, max_agents=20)
    first = [f"c{at:02}" for at in range(16)]
    stage.wait_for(*first)
    stage.end(made, *first, "c16", "c17")


def test_a_limit_that_is_raised_or_lifted_lets_more_begin_within_a_second(stage: Stage) -> None:
    limit(stage, "web", 1)
    made = stage.run({key: of("web") for key in "abc"})
    stage.wait_for("a")
    limit(stage, "web", 2)
    stage.until(lambda: made.run.in_progress == 2)
    limit(stage, "web", None)
    stage.until(lambda: made.run.in_progress == 3)
    stage.wait_for("a", "b", "c")
    stage.end(made, "a", "b", "c")


def test_a_limit_that_is_lowered_ends_nothing(stage: Stage) -> None:
    made = stage.run({key: of("web") for key in "abc"}, max_agents=2)
    stage.wait_for("a", "b")
    limit(stage, "web", 1)
    stage.end(made, "a")
    stage.wait_for("b")
    stage.end(made, "b", "c")


def test_quick_work_of_a_limited_pool_is_never_more_at_once_than_it_may(stage: Stage) -> None:
    limit(stage, "coordination", 1)
    quick = {f"q{at}": {"executor": {"name": "simulate", "seconds": 0}} for at in range(30)}
    made = stage.run(quick)
    stage.until(lambda: made.run.status == "completed")
    assert most_open(made) == 1
    assert Subtask.objects.filter(run=made.run_id, pool="coordination").count() == 30
