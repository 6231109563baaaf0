"""Claims in live dispatch: who runs beside whom, who waits, and that everything is given back."""

from typing import Any

import pytest

from runs import actions
from runs.models import Hold
from runs.orchestrating import orchestrator
from tests.runs.acting import Puppet, Stage, most_open
from tests.runs.factories import violations, work


def writes(*names: str, **more: Any) -> dict[str, Any]:
    return claims(*({"kind": "file", "name": name} for name in names), **more)


def claims(*made: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"resources_known": True, "claims": made, **more}


def calls(amount: int) -> dict[str, Any]:
    return claims({"kind": "api", "name": "forge", "amount": amount})


# ---- who runs beside whom ----


def test_those_that_write_one_file_run_one_after_the_other_and_others_beside_them(stage: Stage, puppet: Puppet) -> None:
    made = stage.run({"a": writes("src/**"), "b": writes("src/app.py"), "c": writes("docs/**"), "d": {}})
    stage.wait_for("a", "c", "d")
    assert made.run.held_back == 1
    stage.end(made, "c", "a")
    stage.wait_for("b", "d")
    stage.end(made, "b", "d")
    assert (made.run.status, Hold.objects.count()) == ("completed", 0)


def test_a_free_agent_looks_past_all_that_cannot_have_their_claims(stage: Stage, puppet: Puppet) -> None:
    waiting = {f"w{at:02}": writes("src/**", priority=1) for at in range(40)}
    stage.run(waiting | {"free": {"priority": 5}}, max_agents=2)
    stage.wait_for("w00", "free")


def test_work_of_no_time_that_claims_something_is_not_run_in_place(stage: Stage) -> None:
    quick = {"executor": {"name": "simulate", "seconds": 0}}
    made = stage.run({f"s{at}": writes("src/**", **quick) for at in range(20)})
    stage.until(lambda: made.run.status == "completed")
    assert most_open(made) == 1
    assert made.run.held_back == 0


def test_another_run_goes_on_as_soon_as_what_it_waits_for_is_free(stage: Stage, puppet: Puppet) -> None:
    one, two = stage.run({"a": writes("src/**")}), stage.run({"b": writes("src/app.py")})
    stage.wait_for("a")
    assert (two.run.held_back, two.status("b")) == (1, "pending")
    stage.end(one, "a")
    stage.wait_for("b")
    stage.end(two, "b")


def test_under_hybrid_changes_that_claim_different_things_go_on_together(stage: Stage, puppet: Puppet) -> None:
    change = {"lane": "execute"}
    outline = {
        "read": {"lane": "query"},
        "a": writes("a", **change),
        "b": writes("b", **change),
        "a2": writes("a", **change),
        "none": claims(**change),
        "unknown": change | {"priority": 4},
    }
    made = stage.run(outline, strategy="hybrid", max_agents=8)
    stage.wait_for("read")
    stage.end(made, "read")
    stage.wait_for("a", "b", "none")
    stage.end(made, "b", "a")
    stage.wait_for("a2", "none")
    stage.end(made, "none", "a2")
    stage.wait_for("unknown")
    stage.end(made, "unknown")


def test_calls_above_the_rate_are_made_when_their_time_has_come(stage: Stage, puppet: Puppet) -> None:
    made = stage.run({key: calls(10) for key in "abc"})
    stage.wait_for("a")
    stage.end(made, "a")
    assert made.run.rate_limited == 2
    stage.pass_time(1)
    stage.wait_for("b")
    stage.pass_time(1)
    stage.wait_for("b", "c")
    stage.end(made, "b", "c")


# ---- whatever the end ----


def test_a_failure_and_a_cancel_let_the_next_one_in(stage: Stage, puppet: Puppet) -> None:
    once = {"max_retries": 0}
    made = stage.run({key: writes("src/**", **once) for key in "abcd"})
    puppet.wait_for("a")
    puppet.fail("a")
    stage.until(lambda: "b" in puppet.begun)
    actions.cancel_subtask(made.run_id, "b")
    stage.look_at(made)
    stage.until(lambda: "c" in puppet.begun)
    actions.cancel(made.run_id)
    stage.look_at(made)
    stage.until(lambda: made.run.status == "cancelled")
    assert (made.status("d"), Hold.objects.count(), made.run.held_back) == ("cancelled", 0, 0)


def test_an_agent_that_falls_silent_keeps_nothing(stage: Stage) -> None:
    made = stage.run({"x": writes("src/**", max_retries=0)}, backend="external")
    made.begin("x")
    other = stage.run({"y": writes("src/**")})
    assert other.run.held_back == 1
    stage.pass_time(16)
    assert made.attempt("x").status == "lost"
    stage.wait_for("y")
    stage.end(other, "y")


def test_a_server_that_stops_keeps_nothing(stage: Stage, puppet: Puppet) -> None:
    made = stage.run({"a": writes("src/**"), "b": writes("src/**")})
    puppet.wait_for("a")
    stage.close()
    assert (made.status("a"), made.run.held_back, Hold.objects.count()) == ("pending", 0, 0)


@pytest.mark.django_db
def test_what_a_dead_server_held_is_free_when_the_next_one_starts() -> None:
    one, two = work({"a": writes("src/**"), "a2": writes("src/**")}), work({"b": writes("src/**")})
    one.begin("a")
    for made, key in ((one, "a2"), (two, "b")):
        with pytest.raises(ValueError, match="not enough values"):
            made.lease(key, "agent-2")
    assert orchestrator.recover(one.now) == 1
    assert (Hold.objects.count(), one.run.held_back, two.run.held_back) == (0, 0, 0)
    two.lease("b")
    assert violations(one.now) == []


def test_what_claims_more_than_there_is_now_fails_and_the_run_goes_on(stage: Stage, puppet: Puppet) -> None:
    share = claims({"kind": "database", "name": "main", "amount": 4})
    first = share | {"priority": 1}
    made = stage.run({"a": first, "b": first, "c": share, "after": {"needs": ["c"]}})
    stage.wait_for("a", "b")
    actions.set_limit("database", "main", capacity=3)
    stage.look_at(made)
    assert (made.status("c"), made.status("after")) == ("failed", "skipped")
    stage.end(made, "a", "b")
    assert made.run.status == "failed"


def test_a_run_of_which_nothing_can_ever_start_ends_at_once(stage: Stage) -> None:
    made = work({"a": claims({"kind": "memory", "name": "ram", "amount": 5}), "b": {"needs": ["a"]}})
    made.clock = stage.clock
    actions.set_limit("memory", "ram", capacity=4)
    stage.look_at(made)
    assert (made.run.status, made.subtask("a").error) == ("failed", "it claims 5 MiB of ram, more than there are")
