"""Barriers: phases one after the other."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from runs import actions, queries, transitions
from runs.claims import waits
from runs.models import Event, Subtask
from runs.reports import Said
from tests.runs.acting import Puppet, Stage
from tests.runs.factories import NOW, Clock, violations, work
from todos.problems import Invalid

ONE: dict[str, Any] = {"phase": 1}
TWO: dict[str, Any] = {"phase": 2}
THREE: dict[str, Any] = {"phase": 3}


def begun(run_id: int) -> list[tuple[int, int, str]]:
    """The phases that began behind barriers: which, after which, and why."""
    told = Event.objects.filter(run=run_id, kind="phase_begun").order_by("seq").values_list("data", flat=True)
    return [(data["phase"], data["after"], data["barrier"]) for data in told if data]


def test_a_phase_begins_when_all_of_the_one_before_have_ended(stage: Stage, puppet: Puppet) -> None:
    made = stage.run({"a": ONE, "b": ONE, "c": TWO, "d": TWO, "e": THREE | {"needs": ["c"]}}, barriers=True)
    puppet.wait_for("a", "b")
    stage.end(made, "a")
    puppet.wait_for("b")
    stage.end(made, "b")
    puppet.wait_for("c", "d")
    stage.end(made, "c", "d", "e")
    assert begun(made.run_id) == [(2, 1, "released"), (3, 2, "released")]
    assert (made.run.status, made.run.phase, made.run.at_barrier, made.run.blocked) == ("completed", 3, 0, 0)


def test_without_barriers_phases_are_only_told(stage: Stage, puppet: Puppet) -> None:
    made = stage.run({"a": ONE, "b": TWO})
    puppet.wait_for("a", "b")
    assert made.run.phase is None
    stage.end(made, "a", "b")


def test_what_has_no_phase_waits_for_no_barrier_and_holds_none_up(stage: Stage, puppet: Puppet) -> None:
    made = stage.run({"a": ONE, "free": {}, "b": TWO}, barriers=True)
    puppet.wait_for("a", "free")
    stage.end(made, "a")
    puppet.wait_for("free", "b")
    stage.end(made, "b", "free")


def test_a_phase_that_fails_lets_the_next_begin(stage: Stage, puppet: Puppet) -> None:
    made = stage.run({"a": ONE, "b": ONE | {"needs": ["a"]}, "c": TWO}, barriers=True)
    puppet.fail("a", retryable=False)
    stage.until(lambda: made.status("a") == "failed")
    assert made.status("b") == "skipped"
    puppet.wait_for("c")
    stage.end(made, "c")
    assert made.run.status == "failed"


def test_a_phase_of_which_nothing_is_left_is_passed_over(stage: Stage, puppet: Puppet) -> None:
    made = stage.run({"a": ONE, "b": TWO, "c": THREE}, barriers=True)
    puppet.wait_for("a")
    actions.cancel_subtask(made.run_id, "b")
    assert made.run.at_barrier == 1
    stage.end(made, "a")
    puppet.wait_for("c")
    stage.end(made, "c")
    assert begun(made.run_id) == [(3, 1, "released")]


def test_a_barrier_lasts_so_long_from_the_first_that_arrives(stage: Stage, puppet: Puppet) -> None:
    made = stage.run({"fast": ONE, "slow": ONE, "next": TWO}, barriers=True)
    puppet.wait_for("fast", "slow")
    stage.pass_time(40)
    assert made.run.barrier_until is None
    stage.end(made, "fast")
    stage.pass_time(29)
    assert made.status("next") == "pending"
    stage.pass_time(2)
    puppet.wait_for("slow", "next")
    assert begun(made.run_id) == [(2, 1, "timed_out")]
    stage.end(made, "slow", "next")
    assert made.run.status == "completed"


def test_the_time_of_a_barrier_stands_still_while_the_run_is_paused(stage: Stage, puppet: Puppet) -> None:
    made = stage.run({"fast": ONE, "slow": ONE, "next": TWO}, barriers=True)
    stage.end(made, "fast")
    actions.pause(made.run_id)
    stage.look_at(made)
    stage.pass_time(100)
    actions.resume(made.run_id)
    stage.look_at(made)
    assert (made.run.phase, made.run.at_barrier) == (1, 1)
    stage.pass_time(31)
    puppet.wait_for("slow", "next")
    stage.end(made, "slow", "next")


def test_a_cancelled_run_leaves_nobody_at_a_barrier(stage: Stage, puppet: Puppet) -> None:
    made = stage.run({"a": ONE, "b": TWO, "c": THREE | {"needs": ["b"]}}, barriers=True)
    puppet.wait_for("a")
    actions.cancel(made.run_id)
    stage.look_at(made)
    stage.until(lambda: made.run.status == "cancelled")
    assert (made.run.at_barrier, made.run.blocked) == (0, 0)


@pytest.mark.django_db
def test_who_waits_at_a_barrier_says_for_which_phase() -> None:
    made = work({"a": ONE, "b": TWO | {"needs": ["a"]}, "out": TWO | {"executor": None}}, barriers=True)
    made.sweep()
    said = waits.of(made.run, [made.subtask("b"), made.subtask("out")])
    assert {(waiting.word, str(waiting.detail)) for waiting in said.values()} == {
        ("barrier", "{'phase': 1, 'own_phase': 2, 'until': None}")
    }
    assert queries.snapshot(made.run_id, NOW)["waiting"] == {"capacity": 1, "barrier": 2}
    made.do("a")
    made.sweep()
    assert queries.snapshot(made.run_id, NOW)["waiting"] == {"capacity": 1, "agent": 1}
    assert (made.subtask("b").ready_at, violations(NOW)) == (NOW, [])


@pytest.mark.django_db
def test_a_run_that_would_wait_for_itself_at_a_barrier_is_refused() -> None:
    with pytest.raises(Invalid) as refused:
        work({"late": THREE, "between": {"needs": ["late"]}, "early": ONE | {"needs": ["between"]}}, barriers=True)
    assert [(problem.pointer, problem.detail) for problem in refused.value.problems] == [
        ("/barriers", "early of phase 1 needs late of phase 3")
    ]


# ---- whatever happens ----

specs = st.lists(
    st.fixed_dictionaries({"phase": st.one_of(st.none(), st.integers(0, 3)), "max_retries": st.integers(0, 1)}),
    min_size=1,
    max_size=8,
)
ends = st.sampled_from([Said.COMPLETE, Said.COMPLETE, Said.FAIL, Said.LOSE, Said.CANCEL])


class TestWhateverHappens(TestCase):
    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.data(), specs)
    def test_phases_go_one_after_the_other_and_every_run_ends(
        self, data: st.DataObject, specs: list[dict[str, Any]]
    ) -> None:
        keys = [f"s{at}" for at in range(len(specs))]
        outline: dict[str, Any] = {}
        for at, (key, spec) in enumerate(zip(keys, specs)):
            earlier = [k for k in keys[:at] if (specs[keys.index(k)]["phase"] or 0) <= (spec["phase"] or 0)]
            earlier = [k for k in earlier if (specs[keys.index(k)]["phase"] is None) <= (spec["phase"] is None)]
            needs = data.draw(st.lists(st.sampled_from(earlier), unique=True, max_size=2)) if earlier else []
            outline[key] = spec | {"needs": needs}
        made = work(outline, barriers=True)
        made.clock = Clock(NOW)
        for _ in range(60):
            made.sweep()
            assert violations(made.now) == []
            if made.run.status != "running":
                break
            made.clock.advance(data.draw(st.sampled_from([0.0, 0.1, 1.0])))
            self._one_step(made, data)
            assert violations(made.now) == []
        assert made.run.status in ("completed", "failed")
        assert all(why == "released" for *_, why in begun(made.run_id))

    def _one_step(self, made: Any, data: st.DataObject) -> None:
        with made.entry() as entry:
            transitions.undelay(entry)
        ready = Subtask.objects.filter(run=made.run_id, status="pending", unmet=0, not_before=None)
        line = list(ready.order_by("position").values_list("key", flat=True))
        if not line:
            made.clock.advance(1)
            return
        key = data.draw(st.sampled_from(line))
        phase = made.subtask(key).phase
        if phase is not None:
            before = Subtask.objects.filter(run=made.run_id, phase__lt=phase, status__in=["pending", "in_progress"])
            assert not before.exists()
        made.do(key, data.draw(ends))
