"""Budgets: when as much is used as a run may use, nothing more of it starts."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from runs import actions
from runs.executors.base import Failed, Outcome
from runs.models import Attempt, Event, Subtask
from runs.reports import Said, Usage
from tests.runs.acting import Puppet, Stage
from tests.runs.factories import violations, work


def spent(tokens: int, cost: float = 0.0) -> Outcome:
    return Outcome({}, usage=Usage(tokens, 0, cost))


def test_a_run_that_has_used_its_tokens_starts_nothing_more(stage: Stage, puppet: Puppet) -> None:
    made = stage.run({"a": {}, "b": {}, "c": {}, "d": {"needs": ["a"]}}, max_agents=1, budget={"tokens": 100})
    puppet.finish("a", spent(60))
    stage.until(lambda: made.status("a") == "completed")
    assert made.run.status == "running"
    puppet.finish(puppet.begun[-1] if puppet.begun[-1] != "a" else "b", spent(40))
    stage.until(lambda: made.run.status == "completed")
    assert (made.run.end_reason, made.run.completed, made.run.skipped, len(puppet.begun)) == ("budget", 2, 2, 2)
    errors = set(Subtask.objects.filter(run=made.run_id, status="skipped").values_list("error", flat=True))
    assert errors == {"the budget is used up: tokens 100 of 100"}
    assert made.kinds().count("budget_used_up") == 1


def test_what_is_under_way_at_the_budget_goes_on_and_counts(stage: Stage, puppet: Puppet) -> None:
    made = stage.run({"a": {}, "b": {}, "c": {}}, max_agents=2, budget={"cost": 1.5, "tokens": None})
    puppet.wait_for("a", "b")
    puppet.finish("a", spent(5, 2.0))
    stage.until(lambda: made.status("c") == "skipped")
    assert (made.status("b"), made.run.status) == ("in_progress", "running")
    puppet.finish("b", spent(5, 1.0))
    stage.until(lambda: made.run.status == "completed")
    assert (made.run.end_reason, made.run.cost, sorted(puppet.begun)) == ("budget", 3.0, ["a", "b"])


def test_what_fails_past_the_budget_is_not_tried_again(stage: Stage, puppet: Puppet) -> None:
    made = stage.run({"a": {}, "b": {}, "c": {}}, max_agents=2, budget={"tokens": 10})
    puppet.wait_for("a", "b")
    puppet.finish("a", spent(10))
    stage.until(lambda: made.status("c") == "skipped")
    puppet.finish("b", Failed("it broke"))
    stage.until(lambda: made.run.status == "completed")
    assert (made.status("b"), made.run.end_reason) == ("skipped", "budget")
    assert made.kinds().count("budget_used_up") == 1


def test_a_budget_that_is_reached_with_the_last_subtask_stops_nothing(stage: Stage, puppet: Puppet) -> None:
    made = stage.run({"a": {}}, budget={"tokens": 10})
    puppet.finish("a", spent(10))
    stage.until(lambda: made.run.status == "completed")
    assert made.run.end_reason == "done"


def test_a_budget_of_nothing_lets_nothing_start(stage: Stage, puppet: Puppet) -> None:
    made = stage.run({"a": {}, "b": {}}, budget={"tokens": 0})
    assert (made.run.status, made.run.end_reason, made.run.skipped, puppet.begun) == ("completed", "budget", 2, [])


def test_a_run_that_is_tried_again_has_its_whole_budget_once_more(stage: Stage, puppet: Puppet) -> None:
    made = stage.run({"a": {}, "b": {}}, max_agents=1, budget={"tokens": 10})
    puppet.finish("a", spent(10))
    stage.until(lambda: made.run.status == "completed")
    again = actions.retry(made.run)
    assert (again.budget, again.completed, again.pending, again.input_tokens) == ({"tokens": 10}, 1, 1, 0)


class TestWhateverHappens(TestCase):
    @settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        st.lists(st.tuples(st.integers(0, 60), st.sampled_from([Said.COMPLETE, Said.FAIL])), min_size=1, max_size=12),
        st.integers(0, 150),
    )
    def test_no_attempt_starts_after_the_report_that_reaches_the_budget(
        self, steps: list[tuple[int, Said]], limit: int
    ) -> None:
        outline: dict[str, Any] = {f"s{at}": {"max_retries": 0} for at in range(6)}
        made = work(outline, budget={"tokens": limit})
        made.sweep()
        for tokens, said in steps:
            key = Subtask.objects.filter(run=made.run_id, status="pending").values_list("key", flat=True).first()
            if key is None:
                break
            made.say(said, made.begin(key), usage=Usage(tokens, 0, 0.0))
            made.sweep()
        reached, used = None, 0
        for seq, kind, attempt in (
            Event.objects.filter(run=made.run_id).order_by("seq").values_list("seq", "kind", "attempt_id")
        ):
            assert kind != "leased" or used < limit
            if kind in ("completed", "failed"):
                used += Attempt.objects.get(pk=attempt or 0).input_tokens
            reached = seq if reached is None and used >= limit else reached
        assert (made.run.end_reason == "budget") == (reached is not None and made.run.skipped > 0)
        assert violations(made.now) == []


@pytest.mark.django_db
def test_without_a_budget_usage_stops_nothing() -> None:
    made = work({"a": {}, "b": {}}, budget={"cost": None, "tokens": None})
    made.say(Said.COMPLETE, made.begin("a"), usage=Usage(10**12, 10**12, 1e12))
    made.sweep()
    assert (made.run.status, made.status("b"), violations(made.now)) == ("running", "pending", [])
