"""Pools in live dispatch: how many run at once, who is passed over, who is called when there is room again."""

from collections.abc import Iterator
from typing import Any

import psutil
import pytest

from dashboard.words import reasons
from runs import actions
from runs.backends import slots
from runs.backends.meter import Meter
from runs.claims import limits, waits
from runs.engine.pools import Use
from runs.models import Event, Hold, Subtask
from runs.orchestrating import pools
from tests.runs.acting import Puppet, Stage, most_open, register
from tests.runs.factories import Work, work


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


@pytest.mark.parametrize("earlier", [True, False])
def test_room_that_several_runs_wait_for_goes_to_the_most_urgent_of_them(stage: Stage, earlier: bool) -> None:
    """Whichever run comes first, and though the one whose subtask ends could go on at once."""
    limit(stage, "bash", 1)
    usual = {f"a{at}": of("bash", priority=3) for at in range(3)}
    one = stage.run(usual) if earlier else None
    two = stage.run({"first": of("bash", priority=3)})
    urgent = stage.run({"urgent": of("bash", priority=1)})
    other = one or stage.run(usual)
    begun = "a0" if earlier else "first"
    stage.wait_for(begun)
    stage.end(other if earlier else two, begun)
    stage.wait_for("urgent")
    stage.end(urgent, "urgent")
    for _ in range(3):
        (key,) = wait_for_one(stage)
        stage.end(two if key == "first" else other, key)
    assert {made.run.status for made in (two, urgent, other)} == {"completed"}


def wait_for_one(stage: Stage) -> set[str]:
    stage.until(lambda: len(stage.puppet.busy) == 1)
    return set(stage.puppet.busy)


def test_who_waited_for_room_and_can_take_none_lets_the_others_have_it(stage: Stage) -> None:
    limit(stage, "bash", 1)
    one = stage.run({f"a{at}": of("bash", priority=3) for at in range(2)})
    urgent = stage.run({"urgent": of("bash", priority=1)})
    stage.wait_for("a0")
    actions.pause(urgent.run.pk)
    stage.end(one, "a0")
    stage.wait_for("a1")
    stage.end(one, "a1")
    assert one.run.status == "completed"


def test_room_that_is_kept_for_another_run_keeps_nothing_else_from_starting(stage: Stage) -> None:
    limit(stage, "bash", 1)
    one = stage.run({"a": of("bash", priority=3), "b": of("bash", priority=3), "c": of("web", needs=["a"])})
    urgent = stage.run({"urgent": of("bash", priority=1)})
    stage.wait_for("a")
    stage.end(one, "a")
    stage.wait_for("urgent", "c")
    stage.end(urgent, "urgent")
    stage.end(one, "b", "c")


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


# ---- narrowing ----


@pytest.fixture
def using(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> dict[str, Use]:
    """What pools are measured to use, as a test says: real use is measured in `backends/test_meter.py`."""
    uses: dict[str, Use] = {}
    monkeypatch.setattr(Meter, "read", lambda self, at_work, tick: dict(uses))
    return uses


def steps(made: Work) -> list[tuple[str, int | None, int | None]]:
    events = Event.objects.filter(run=made.run_id, kind__startswith="pool_").order_by("seq")
    assert {event.topic for event in events} <= {"metrics"}
    return [(event.kind, event.data["from"], event.data["to"]) for event in events if event.data]


def test_a_pool_over_its_share_is_narrowed_step_by_step_while_another_waits(
    stage: Stage, using: dict[str, Use]
) -> None:
    first = {f"b{at:02}": of("bash", priority=1) for at in range(20)}
    made = stage.run(first | {f"w{at}": of("web", priority=5) for at in range(3)}, max_agents=4)
    stage.wait_for("b00", "b01", "b02", "b03")
    using["bash"] = Use(0.9, 0.01)
    stage.pass_time(1)
    assert (steps(made), stage.seats.slots.limits["bash"]) == ([("pool_narrowed", None, 3)], 3)
    stage.pass_time(4)
    assert len(steps(made)) == 1
    stage.end(made, "b00")
    stage.wait_for("b01", "b02", "b03", "w0")
    stage.pass_time(1)
    assert steps(made)[1:] == [("pool_narrowed", 3, 2)]
    using["bash"] = Use(0.1, 0.01)
    stage.pass_time(5)
    assert steps(made)[2:] == [("pool_widened", 2, 3)]
    event = Event.objects.filter(run=made.run_id, kind="pool_narrowed").first()
    assert event
    assert event.data
    assert (event.data["over"], event.data["use"]["cpu"], event.data["share"]["cpu"]) == ("cpu", 0.9, 0.3)


def test_a_pool_alone_may_use_all_there_is(stage: Stage, using: dict[str, Use]) -> None:
    made = stage.run({f"b{at}": of("bash") for at in range(9)})
    using["bash"] = Use(1.0, 0.9)
    stage.pass_time(20)
    assert (steps(made), stage.seats.slots.narrowed) == ([], {})


# ---- shown ----


@pytest.fixture
def published(stage: Stage) -> Iterator[None]:
    slots.publish(lambda: stage.seats.slots)
    yield
    slots.publish(None)


def test_who_waits_for_room_in_a_pool_names_it(stage: Stage, published: None) -> None:
    limit(stage, "web", 1)
    made = stage.run({"a": of("web"), "b": of("web"), "c": of("bash")})
    stage.wait_for("a", "c")
    waiting = waits.of(made.run, [made.subtask("b")])[made.subtask("b").pk]
    assert waiting.word == "capacity"
    assert waiting.detail is not None
    assert waiting.detail["pool"] == {"name": "web", "limit": 1}
    assert reasons.of(made.run, made.subtask("b"), waiting, made.now) == "room in the pool web: 1 at once"


def test_the_pools_of_a_run_are_told_with_what_runs_and_waits(
    stage: Stage, published: None, using: dict[str, Use]
) -> None:
    limit(stage, "web", 1)
    made = stage.run({"a": of("web"), "b": of("web"), "c": of("bash")})
    stage.wait_for("a", "c")
    using["bash"] = Use(0.25, None)
    stage.pass_time(1)
    web, codebase, bash, coordination = pools.of_run(made.run)
    assert (web["limit"], web["asked"], web["running"], web["waiting"], web["use"]) == (1, 1, 1, 1, None)
    assert (bash["limit"], bash["running"], bash["use"]["cpu"], bash["share"]["cpu"]) == (None, 1, 0.25, 0.3)
    assert [pool["running"] for pool in (codebase, coordination)] == [0, 0]


@pytest.mark.django_db
def test_where_no_worker_is_nothing_is_said_to_run() -> None:
    made = work({"a": of("web")})
    made.sweep()
    web = pools.of_run(made.run)[0]
    assert (web["running"], web["use"], web["waiting"]) == (None, None, 1)


# ---- memory ----


def test_memory_is_shared_out_up_to_its_budget_and_each_name_is_a_budget_of_its_own(stage: Stage) -> None:
    def needs(name: str, amount: int) -> dict[str, Any]:
        return {"resources_known": True, "claims": [{"kind": "memory", "name": name, "amount": amount}]}

    actions.set_limit("memory", "ram", capacity=1000)
    outline = {"a": needs("ram", 600), "b": needs("ram", 600), "c": needs("ram", 400), "g": needs("gpu", 600)}
    made = stage.run(outline)
    stage.wait_for("a", "c", "g")
    assert (made.subtask("b").waits_for, made.subtask("b").waits_key) == ("resource", "memory/ram")
    stage.end(made, "c", "a")
    stage.wait_for("b", "g")
    stage.end(made, "b", "g")
    assert (made.run.status, Hold.objects.count()) == ("completed", 0)


@pytest.mark.django_db
def test_a_budget_that_nobody_has_set_is_the_share_of_the_memory_there_is(settings: Any) -> None:
    whole = psutil.virtual_memory().total / 2**20
    assert limits.default_capacity("memory") == int(whole * settings.MEMORY_SHARE)
