"""The limits that are frozen with a run: those that its plan has told, and anew when subtasks are added."""

from random import Random
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from runs import actions, queries
from runs.claims import limits
from runs.making import freeze, planned
from runs.models import Resource, Run
from runs.planning import child
from runs.planning import todo as planning
from tests.factories import Api, plant, token_of
from tests.runs.factories import NOW
from todos.models import Todo
from todos.plan.planner import Wish, plan

pytestmark = pytest.mark.django_db

WRITES: dict[str, Any] = {"resources": [{"kind": "file", "name": "src/app.py", "mode": "write"}]}
READS = {"resources": [{"kind": "file", "name": "src/**", "mode": "read"}]}
COUNTS = ("subtasks", "alone", "undeclared")
CALLS = {"resources": [{"kind": "api", "name": "forge", "amount": 50}]}


def one(key: str, seconds: float = 10.0, **more: Any) -> dict[str, Any]:
    return {"key": key, "content": key, "executor": {"name": "simulate", "seconds": seconds}, **more}


def started(todo: Todo, **options: Any) -> Run:
    return actions.start(todo, actions.Options(**({"strategy": "parallel"} | options)))


def told(run: Run) -> dict[str, Any]:
    found: dict[str, Any] = queries.snapshot(run.pk, NOW)["limits"]
    return found


def plan_of(todo: Todo, strategy: str) -> dict[str, Any]:
    """As the child process makes it in which plans are made."""
    tasks = [child._task(row) for row in planning._tasks(freeze.plan_of(todo))]
    wish = Wish(strategy, 3, limits.capacity(), limits.per_second())
    return plan(tasks, wish, clock=lambda: 0.0, seconds=0)


def some_subtasks(chance: Random) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    for at in range(chance.randint(1, 12)):
        more: dict[str, Any] = chance.choice([{}, {}, WRITES, READS, CALLS, {"parallelizable": False}])
        if at and chance.random() < 0.3:
            more = more | {"depends_on": [f"s{chance.randrange(at)}"]}
        made.append(one(f"s{at}", chance.randint(1, 30), lane=chance.choice(["query", "execute"]), **more))
    return made


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("strategy", ["auto", "parallel", "hybrid", "sequential"])
def test_the_limit_of_a_run_is_that_of_its_plan(ada: User, strategy: str, seed: int) -> None:
    todo = plant(ada, subtasks=some_subtasks(Random(seed)))
    found = plan_of(todo, strategy)
    run = started(todo, strategy=strategy, max_agents=3)
    assert run.theoretical_speedup == pytest.approx(found["theoretical_speedup"])
    said = told(run)
    assert (said["binding"], said["resource"]) == (found["limits"]["binding"], found["limits"]["resource"])
    assert (run.work_seconds, run.critical_path_seconds) == (found["work_seconds"], found["critical_path_seconds"])


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("strategy", ["parallel", "hybrid", "sequential"])
def test_subtasks_that_are_added_limit_a_run_as_if_they_had_been_there(ada: User, strategy: str, seed: int) -> None:
    whole = some_subtasks(Random(seed))
    first = Random(seed).randint(1, len(whole))
    there = started(plant(ada, subtasks=whole), strategy=strategy, max_agents=3)
    run = started(plant(ada, subtasks=whole[:first]), strategy=strategy, max_agents=3)
    api = Api(token_of(ada, "operator"))
    for more in whole[first:]:
        assert api.post(f"runs/{run.pk}/subtasks/", more).status_code == 201
    run.refresh_from_db()
    assert run.theoretical_speedup == pytest.approx(there.theoretical_speedup)
    assert (told(run), run.work_seconds) == (told(there), there.work_seconds)
    assert run.shape.get("bound_by") == there.shape.get("bound_by")
    assert [run.shape[name] for name in COUNTS] == [there.shape[name] for name in COUNTS]


def test_of_very_many_claims_the_limit_leaves_out_what_is_claimed(ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    run = started(plant(ada, subtasks=[one("a", **WRITES), one("b", **WRITES)]), max_agents=4)
    assert (run.theoretical_speedup, told(run)["binding"]) == (1, "resource")
    monkeypatch.setattr(planned, "MOST_CLAIMING", 2)
    Api(token_of(ada, "operator")).post(f"runs/{run.pk}/subtasks/", one("c", **WRITES))
    run.refresh_from_db()
    assert (run.theoretical_speedup, told(run)["binding"]) == (3, "critical_path")


def test_what_is_carried_over_is_no_work_of_the_run(ada: User) -> None:
    todo = plant(ada, subtasks=[one("a", 30), one("b", 10, depends_on=["a"]), one("c", 10), one("d", 10)])
    Todo.objects.filter(key="a").update(status="completed")
    run = started(todo, max_agents=2)
    assert (run.work_seconds, run.critical_path_seconds, run.theoretical_speedup) == (30, 10, 2)


def test_a_sequential_run_gains_nothing_whatever_it_may_have(ada: User) -> None:
    run = started(plant(ada, subtasks=[one("a"), one("b")]), strategy="sequential", max_agents=4)
    assert (run.theoretical_speedup, told(run)["binding"]) == (1, "agents")


def test_more_of_a_resource_sets_a_higher_limit(ada: User) -> None:
    claim: dict[str, Any] = {"resources": [{"kind": "database", "name": "main", "amount": 2}]}
    todo = plant(ada, subtasks=[one(key, **claim) for key in "abcd"])
    Resource.objects.create(kind="database", name="main", capacity=4)
    run = started(todo, max_agents=4)
    assert (run.theoretical_speedup, told(run)["resource"]) == (2, {"kind": "database", "name": "main"})
    assert told(run)["amdahl"] is None


def test_rest_and_page_name_the_resource_that_binds(ada: User) -> None:
    run = started(plant(ada, subtasks=[one("a", **WRITES), one("b", **WRITES), one("c")]), max_agents=3)
    said = Api(token_of(ada, "viewer")).get(f"runs/{run.pk}/progress/").json()
    assert said["limits"] == {
        "amdahl": None,
        "work_span": 1.5,
        "binding": "resource",
        "resource": {"kind": "file", "name": "src/app.py"},
    }
    browser = Client()
    browser.force_login(ada)
    assert "limit: turns at the file src/app.py, 20 s" in browser.get(f"/runs/{run.pk}/").content.decode()
