"""`when`: what starts after other ends than good ones."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from runs import actions, transitions
from runs.claims import waits
from runs.models import Event, Run, Subtask, SubtaskDependency
from runs.reports import Said
from tests.runs.factories import NOW, Work, todo, violations, work
from todos.models import Todo

pytestmark = pytest.mark.django_db

ONCE: dict[str, Any] = {"max_retries": 0}
ALWAYS: dict[str, Any] = {"when": "always", "executor": {"name": "simulate"}}
FAILED: dict[str, Any] = {"when": "failed", "executor": {"name": "simulate"}}
NOTHING_FAILED = "nothing it waits for failed"


def fail(made: Work, *keys: str) -> None:
    for key in keys:
        made.do(key, Said.FAIL, error="no", retryable=False)


def ends(made: Work) -> dict[str, str]:
    return dict(Subtask.objects.filter(run=made.run_id).values_list("key", "status"))


def test_what_always_runs_starts_when_all_it_needs_have_ended_whatever_their_ends() -> None:
    made = work({"a": ONCE, "b": ONCE, "c": {"needs": ["a"]}, "tidy": ALWAYS | {"needs": ["a", "b", "c"]}})
    fail(made, "a")
    assert (made.status("c"), made.status("tidy"), made.subtask("tidy").unmet) == ("skipped", "pending", 1)
    made.do("b")
    assert (made.subtask("tidy").unmet, made.run.blocked) == (0, 0)
    made.do("tidy")
    made.sweep()
    assert (made.run.status, made.run.failed) == ("failed", 1)
    assert violations(NOW) == []


def test_what_is_for_failures_starts_after_one_and_not_before_the_others_have_ended() -> None:
    made = work({"a": ONCE, "b": ONCE, "mend": FAILED | {"needs": ["a", "b"]}})
    fail(made, "a")
    assert (made.status("mend"), made.subtask("mend").unmet) == ("pending", 1)
    made.do("b")
    made.do("mend")
    assert made.status("mend") == "completed"
    assert violations(NOW) == []


def test_what_is_for_failures_is_skipped_when_nothing_failed_and_so_is_what_needs_it() -> None:
    made = work(
        {"a": {}, "mend": FAILED | {"needs": ["a"]}, "tell": {"needs": ["mend"]}, "tidy": ALWAYS | {"needs": ["tell"]}}
    )
    made.do("a")
    assert [made.subtask(key).error for key in ("mend", "tell")] == [NOTHING_FAILED, "mend was skipped"]
    made.do("tidy")
    made.sweep()
    assert (made.run.status, made.run.skipped, made.run.completed) == ("completed", 2, 2)
    assert violations(NOW) == []


def test_a_cancelled_or_skipped_one_has_not_failed() -> None:
    made = work(
        {"a": ONCE, "b": {"needs": ["a"]}, "mend": FAILED | {"needs": ["b"]}, "c": {}, "too": FAILED | {"needs": ["c"]}}
    )
    fail(made, "a")
    with made.entry() as entry:
        assert transitions.cancel_one(entry, made.subtask("c").pk, "it was cancelled")
    assert {key: made.status(key) for key in ("b", "mend", "c", "too")} == {
        "b": "skipped",
        "mend": "skipped",
        "c": "cancelled",
        "too": "skipped",
    }
    assert violations(NOW) == []


@pytest.mark.parametrize("end", [Said.FAIL, Said.COMPLETE])
def test_what_agents_from_outside_may_start_after_a_failure_is_counted(end: Said) -> None:
    made = work({"a": ONCE, "mend": FAILED | {"needs": ["a"]}, "tidy": ALWAYS | {"needs": ["a"]}}, backend="external")
    made.do("a", end)
    assert made.run.outside == made.run.pending == (2 if end is Said.FAIL else 1)
    assert violations(NOW) == []


def test_what_is_for_failures_of_nothing_is_skipped_at_once() -> None:
    made = work({"mend": FAILED, "outside": {"when": "failed", "executor": None}, "tell": {"needs": ["mend"]}, "a": {}})
    assert (made.run.skipped, made.run.pending, made.run.outside) == (3, 1, 0)
    assert violations(NOW) == []


def test_a_run_that_stops_skips_what_always_runs_too() -> None:
    made = work({"a": ONCE, "b": {}, "tidy": ALWAYS | {"needs": ["a", "b"]}}, fail_fast=True)
    fail(made, "a")
    made.sweep()
    assert (made.status("tidy"), made.run.end_reason) == ("skipped", "fail_fast")
    assert violations(NOW) == []


def test_a_run_that_is_cancelled_starts_nothing() -> None:
    made = work({"a": {}, "tidy": ALWAYS | {"needs": ["a"]}})
    made.begin("a")
    with made.entry() as entry:
        transitions.request_cancel(entry)
    assert made.status("tidy") == "cancelled"
    assert violations(NOW) == []


def test_behind_a_barrier_it_is_skipped_as_soon_as_nothing_can_fail_any_more() -> None:
    made = work({"a": {"phase": 1}, "b": {"phase": 1}, "mend": FAILED | {"phase": 2, "needs": ["a"]}}, barriers=True)
    made.do("a")
    assert (made.status("mend"), made.run.at_barrier, made.run.blocked) == ("skipped", 0, 0)
    assert violations(NOW) == []


def test_what_it_waits_for_is_told_until_it_has_ended() -> None:
    made = work({"a": ONCE, "b": {}, "tidy": ALWAYS | {"needs": ["a", "b"]}})
    fail(made, "a")
    found = waits.of(made.run, [made.subtask("tidy")])[made.subtask("tidy").pk]
    assert (found.word, found.detail) == ("dependency", {"needs": [{"key": "b", "status": "pending"}], "more": 0})


# ---- plans, and doing it again ----


def test_a_plan_counts_on_nothing_to_fail() -> None:
    tall = {"executor": {"name": "simulate", "seconds": 500}, "when": "failed"}
    made = actions.start(
        todo({"a": {}, "mend": tall | {"needs": ["a"]}, "tidy": {"needs": ["mend"]}}), actions.Options()
    )
    assert (made.work_seconds, made.critical_path_seconds) == (30, 30)


def test_a_retry_does_what_depends_on_an_end_again() -> None:
    top = todo({"a": ONCE, "b": {}, "tidy": ALWAYS | {"needs": ["a", "b"]}, "alone": ALWAYS | {"needs": ["b"]}})
    made = Work(actions.start(top, actions.Options()).pk, lambda: NOW)  # type: ignore[arg-type]
    fail(made, "a")
    for key in ("b", "tidy", "alone"):
        made.do(key)
    made.sweep()
    again = actions.retry(made.run)
    carried = Subtask.objects.filter(run=again, status="completed").values_list("key", flat=True)
    assert sorted(carried) == ["alone", "b"]
    assert violations(NOW) == []


def test_a_todo_with_nothing_left_but_what_is_for_failures_is_done_again() -> None:
    top = todo({"a": {}, "mend": FAILED | {"needs": ["a"]}})
    Todo.objects.filter(root=top, key="a").update(status="completed")
    Todo.objects.filter(root=top, key="mend").update(status="skipped")
    again = actions.start(top, actions.Options())
    assert dict(Subtask.objects.filter(run=again).values_list("key", "status")) == {"a": "pending", "mend": "pending"}


def test_what_is_for_failures_of_what_is_carried_over_is_skipped() -> None:
    top = todo({"a": {}, "mend": FAILED | {"needs": ["a"]}, "b": {}})
    Todo.objects.filter(root=top, key="a").update(status="completed")
    again = actions.start(top, actions.Options())
    assert Subtask.objects.get(run=again, key="mend").error == NOTHING_FAILED
    assert violations(NOW) == []


def test_a_run_without_conditions_asks_nothing_of_them() -> None:
    made = work({"a": ONCE, "b": {"needs": ["a"]}, "c": {}, "d": {"needs": ["c"]}})
    with CaptureQueriesContext(
        connection,
    ) as asked:
        fail(made, "a")
        made.do("c")
    assert not [query for query in asked.captured_queries if "starts_when <>" in query["sql"]]
    assert not [query for query in asked.captured_queries if "starts_when = 'failed'" in query["sql"]]


# ---- any graph, any ends ----

OUTCOMES = {"completed": Said.COMPLETE, "failed": Said.FAIL, "cancelled": Said.CANCEL}


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, dict[str, Any]]:
    """Subtasks by key, in an order in which they can be done."""
    found: dict[str, dict[str, Any]] = {}
    for at in range(draw(st.integers(1, 9))):
        found[f"s{at}"] = {
            "needs": sorted(draw(st.sets(st.sampled_from(sorted(found)), max_size=3))) if found else [],
            "when": draw(st.sampled_from(["success", "always", "failed"])),
            "phase": draw(st.sampled_from([None, at // 3])),
            "ends": draw(st.sampled_from(sorted(OUTCOMES))),
        }
    return found


def modelled(graph: dict[str, dict[str, Any]]) -> dict[str, str]:
    """How each must end."""
    found: dict[str, str] = {}
    for key, said in graph.items():
        before = {found[need] for need in said["needs"]}
        starts = {"success": before <= {"completed"}, "always": True, "failed": "failed" in before}[said["when"]]
        found[key] = said["ends"] if starts else "skipped"
    return found


class Conditions(TestCase):
    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(graph=graphs(), barriers=st.booleans(), chosen=st.randoms(use_true_random=False))
    def test_every_run_ends_as_a_small_model_says(self, graph: dict[str, Any], barriers: bool, chosen: Any) -> None:
        specs = {key: ONCE | {name: said[name] for name in ("needs", "when", "phase")} for key, said in graph.items()}
        made = work(specs, barriers=barriers)
        while True:
            made.sweep()
            free = Subtask.objects.filter(run=made.run_id, status="pending", unmet=0).values_list("key", flat=True)
            if not free:
                break
            for key in chosen.sample(sorted(free), chosen.randint(1, len(free))):
                made.do(key, OUTCOMES[graph[key]["ends"]])
            assert violations(NOW) == []
        assert ends(made) == modelled(graph)
        assert made.run.status in ("completed", "failed", "cancelled")
        assert violations(NOW) == []


# ---- verify ----

DISAGREES = "which does not agree with what it waits for"


def test_one_for_failures_that_was_started_without_any_is_found() -> None:
    made = work({"a": ONCE, "mend": FAILED | {"needs": ["a"]}})
    fail(made, "a")
    made.do("mend")
    found = f"I16 subtask {made.subtask('mend').pk} is for failures and completed, {DISAGREES}"
    SubtaskDependency.objects.all().delete()
    assert violations(NOW) == [found]


def test_one_for_failures_that_was_skipped_after_one_is_found() -> None:
    made = work({"a": {}, "b": ONCE, "mend": FAILED | {"needs": ["a"]}})
    made.do("a")
    fail(made, "b")
    SubtaskDependency.objects.update(before=made.subtask("b"))
    found = f"I16 subtask {made.subtask('mend').pk} is for failures and skipped, {DISAGREES}"
    assert violations(NOW) == [found]


def test_a_miscounted_condition_is_found() -> None:
    made = work({"a": {}, "tidy": ALWAYS | {"needs": ["a"]}})
    Run.objects.update(conditional=0)
    assert violations(NOW) == [f"I8 run {made.run_id} keeps conditional = 0, and there are 1"]


def test_one_that_always_runs_and_waits_for_what_has_ended_is_found() -> None:
    made = work({"a": ONCE, "b": {}, "tidy": ALWAYS | {"needs": ["a", "b"]}})
    fail(made, "a")
    Subtask.objects.filter(key="tidy").update(unmet=2)
    assert violations(NOW) == [
        f"I20 subtask {made.subtask('tidy').pk} says it waits for 2 others and has 1 to wait for"
    ]


def test_one_that_always_runs_and_was_leased_too_early_is_found() -> None:
    made = work({"a": ONCE, "tidy": ALWAYS | {"needs": ["a"]}})
    fail(made, "a")
    made.do("tidy")
    late = Event.objects.filter(run=made.run_id).latest("seq").seq + 1
    Event.objects.filter(run=made.run_id, kind="failed").update(seq=late)
    pks = made.subtask("tidy").pk, made.subtask("a").pk
    assert f"I16 subtask {pks[0]} was leased before {pks[1]}, which it needs, had ended as it must" in violations(NOW)
