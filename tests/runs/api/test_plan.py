"""`POST /todos/{id}/plan/`: what a run would do, and nothing changed."""

from itertools import combinations
from typing import Any

import pytest

from runs.planning import todo as planning
from tests.factories import Api, made, pointers
from todos.models import Dependency, Todo

Json = dict[str, Any]


def planned(api: Api, subtasks: list[Json], **wish: Any) -> Json:
    todo = made(api, content="Work", subtasks=subtasks)
    response = api.post(f"todos/{todo['id']}/plan/", {"improve_seconds": 0.05, **wish})
    assert response.status_code == 200, response.content
    found: Json = response.json()
    return found


def task(key: str, seconds: float, *needs: str, **more: Any) -> Json:
    return {"key": key, "content": key, "estimated_seconds": seconds, "depends_on": list(needs), **more}


def overlapping(plan: Json) -> set[frozenset[str]]:
    """Pairs of subtasks that run at the same time."""
    return {
        frozenset((one["key"], other["key"]))
        for one, other in combinations(plan["schedule"], 2)
        if one["start_seconds"] < other["finish_seconds"] and other["start_seconds"] < one["finish_seconds"]
    }


def test_the_plan_says_what_a_run_would_do(api: Api) -> None:
    plan = planned(api, [task("a", 30), task("b", 40), task("c", 30), task("qa", 10, "a", "b", "c")], max_agents=3)
    assert (plan["strategy"], plan["waves"]) == ("parallel", [["a", "b", "c"], ["qa"]])
    assert (plan["critical_path"], plan["critical_path_seconds"]) == (["b", "qa"], 50)
    assert (plan["work_seconds"], plan["predicted_makespan_seconds"]) == (110, 50)
    assert plan["theoretical_speedup"] == pytest.approx(2.2)
    assert plan["limits"]["binding"] == "critical_path"
    assert plan["limits"]["amdahl"] == pytest.approx(1 / (50 / 110 + 60 / 110 / 3))
    assert [point["makespan_seconds"] for point in plan["agents_curve"]] == [110, 70, 50]
    assert (plan["optimal_agents"], plan["rule_of_thumb_agents"]) == (3, 3)
    assert {row["key"]: row["finish_seconds"] for row in plan["schedule"]}["qa"] == 50


def test_a_plan_changes_nothing(api: Api) -> None:
    todo = made(api, content="Work", subtasks=[task("a", 1)])
    before = api.get(f"todos/{todo['id']}/tree/").json()
    assert api.post(f"todos/{todo['id']}/plan/").status_code == 200
    assert api.get(f"todos/{todo['id']}/tree/").json() == before
    assert api.get("runs/").json()["count"] == 0


def test_a_todo_without_subtasks_is_one_subtask(api: Api) -> None:
    plan = planned(api, [])
    assert [row["key"] for row in plan["schedule"]] == ["main"]
    assert plan["strategy"] == "sequential"


def test_what_is_completed_is_left_out_unless_all_is(api: Api) -> None:
    done = task("a", 5, status="completed")
    assert [row["key"] for row in planned(api, [done, task("b", 7, "a")])["schedule"]] == ["b"]
    assert [row["key"] for row in planned(api, [done])["schedule"]] == ["a"]


def claims(*names: str, mode: str = "write") -> list[Json]:
    return [{"kind": "file", "name": name, "mode": mode} for name in names]


def test_subtasks_that_conflict_never_overlap(api: Api) -> None:
    plan = planned(
        api,
        [
            task("all", 5, resources=claims("src/api/**")),
            task("users", 5, resources=claims("src/api/users.py")),
            task("look", 5, resources=claims("src/api/users.py", mode="read")),
            task("docs", 5, resources=claims("docs/a.md")),
            task("free", 5),
        ],
        max_agents=5,
        strategy="parallel",
    )
    assert {(one["kind"], one["name"], *one["keys"]) for one in plan["conflicts"]} == {
        ("file", "src/api/**", "all", "users", "look"),
        ("file", "src/api/users.py", "users", "look"),
    }
    apart = {frozenset(pair) for pair in combinations(("all", "users", "look"), 2)}
    assert overlapping(plan) & apart == set()
    assert (plan["predicted_makespan_seconds"], plan["limits"]["amdahl"]) == (15, None)
    assert plan["limits"]["resource"] == {"kind": "file", "name": "src/api/**"}


def test_hybrid_reads_in_one_batch_and_then_writes_one_at_a_time(api: Api) -> None:
    reading = [task(f"r{at}", 3, lane="query") for at in range(3)]
    writing = [task(f"w{at}", 3, lane="execute") for at in range(2)]
    plan = planned(api, [*writing, *reading], strategy="hybrid", max_agents=4)
    assert plan["groups"] == [["r0", "r1", "r2"], ["w0"], ["w1"]]
    assert plan["predicted_makespan_seconds"] == 9
    assert plan["reason"].startswith("asked for; auto would be parallel")


def test_hybrid_lets_writes_overlap_that_are_known_not_to_conflict(api: Api) -> None:
    known = [task(f"w{at}", 3, lane="execute", resources=claims(f"{at}.md")) for at in range(3)]
    plan = planned(api, [*known, task("w3", 3, lane="execute")], strategy="hybrid", max_agents=4)
    assert plan["predicted_makespan_seconds"] == 6


def test_sequential_is_one_at_a_time_and_its_curve_shows_what_more_agents_would_give(api: Api) -> None:
    plan = planned(api, [task("a", 5), task("b", 5)], strategy="sequential", max_agents=2)
    assert overlapping(plan) == set()
    assert (plan["theoretical_speedup"], plan["optimal_agents"]) == (1, 2)


def test_one_that_is_not_parallelizable_has_nothing_beside_it(api: Api) -> None:
    plan = planned(api, [task("a", 5), task("b", 5, parallelizable=False), task("c", 5), task("d", 5), task("e", 5)])
    assert not any("b" in pair for pair in overlapping(plan))


def test_priorities_come_first(api: Api) -> None:
    plan = planned(api, [task("long", 9), task("first", 1, priority=1), task("last", 1, priority=5)], max_agents=1)
    assert [row["key"] for row in plan["schedule"]] == ["first", "long", "last"]


def test_calls_of_an_api_delay_and_do_not_conflict(api: Api) -> None:
    calls = [{"kind": "api", "name": "forge", "amount": 10}]
    plan = planned(api, [task(f"t{at}", 1, resources=calls) for at in range(4)], strategy="parallel")
    assert plan["conflicts"] == []
    assert [row["start_seconds"] for row in plan["schedule"]] == pytest.approx([0, 1, 2, 3])


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"max_agents": 0}, "/max_agents"),
        ({"max_agents": 1_001}, "/max_agents"),
        ({"max_agents": "4"}, "/max_agents"),
        ({"max_agents": True}, "/max_agents"),
        ({"strategy": "fast"}, "/strategy"),
        ({"strategy": None}, "/strategy"),
        ({"improve_seconds": -1}, "/improve_seconds"),
        ({"improve_seconds": 11}, "/improve_seconds"),
        ({"agents": 4}, "/agents"),
        ([], ""),
    ],
)
def test_a_wrong_request_is_refused_where_it_is_wrong(api: Api, body: Any, pointer: str) -> None:
    todo = made(api)
    response = api.post(f"todos/{todo['id']}/plan/", body)
    assert (response.status_code, pointers(response)) == (422, [pointer])


def test_a_cycle_is_refused_and_names_its_path(api: Api) -> None:
    todo = made(api, content="Work", subtasks=[task("a", 1), task("b", 1, "a"), task("c", 1, "b")])
    below = {row.key: row for row in Todo.objects.filter(root_id=int(todo["id"]))}
    Dependency.objects.create(after=below["a"], before=below["c"])  # behind the back of those who check
    response = api.post(f"todos/{todo['id']}/plan/")
    assert (response.status_code, pointers(response)) == (422, ["/depends_on"])
    assert "a → c → b → a" in response.json()["detail"]


def test_a_tree_that_is_too_large_is_refused(api: Api, settings: Any) -> None:
    todo = made(api, content="Work", subtasks=[task(key, 1) for key in "abc"])
    settings.RUN_MAX_SUBTASKS = 2
    response = api.post(f"todos/{todo['id']}/plan/")
    assert (response.status_code, pointers(response)) == (422, [""])
    assert response.json()["detail"] == "3 subtasks, and a run has at most 2"


def test_claims_that_take_too_long_to_compare_are_refused(api: Api) -> None:
    globs = [task(f"t{at}", 1, resources=claims(f"**/{at}*.py")) for at in range(500)]
    todo = made(api, content="Work", subtasks=globs)
    response = api.post(f"todos/{todo['id']}/plan/", {"improve_seconds": 0})
    assert (response.status_code, pointers(response)) == (422, [""])
    assert "pairs of file names" in response.json()["detail"]


def test_a_planner_that_is_ended_is_told_as_busy(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "PROGRAM", "tests.runs.planning.dying")
    response = api.post(f"todos/{made(api)['id']}/plan/")
    assert (response.status_code, response.json()["detail"]) == (503, "planning was broken off")


def test_the_time_to_improve_is_kept(api: Api) -> None:
    """A hard problem: claims of many sizes on one database."""
    sized = [task(f"t{at}", 7 + at * 37 % 11, resources=[database(2 + at % 4)]) for at in range(40)]
    quick = planned(api, sized, improve_seconds=0, strategy="parallel")
    better = planned(api, sized, improve_seconds=0.3, strategy="parallel")
    assert better["predicted_makespan_seconds"] <= quick["predicted_makespan_seconds"]
    assert better["predicted_makespan_seconds"] >= better["work_seconds"] / better["theoretical_speedup"] - 1e-6


def database(amount: int) -> Json:
    return {"kind": "database", "name": "main", "amount": amount}


def test_a_large_todo_is_planned(api: Api) -> None:
    tasks = [task(f"t{at}", 1 + at % 7, *([f"t{at - 9}"] if at > 9 else []), resources=[]) for at in range(2_000)]
    plan = planned(api, tasks, max_agents=64, improve_seconds=0)
    assert len(plan["schedule"]) == 2_000
    numbers = [point["agents"] for point in plan["agents_curve"]]
    assert (numbers[:8], numbers[-1], numbers) == (list(range(1, 9)), 64, sorted(set(numbers)))


def test_too_many_at_once_are_told_to_come_again(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "TURN_SECONDS", 0.01)
    todo = made(api)
    taken = [planning._turns.acquire(blocking=False) for _ in range(planning.AT_ONCE)]
    try:
        response = api.post(f"todos/{todo['id']}/plan/")
    finally:
        planning._turns.release(len(taken))
    assert (all(taken), response.status_code, response.headers["Retry-After"]) == (True, 503, "1")
    assert Todo.objects.count() == 1


def test_one_that_takes_too_long_is_given_up(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "OVERTIME_SECONDS", 0.001)
    todo = made(api)
    response = api.post(f"todos/{todo['id']}/plan/", {"improve_seconds": 0})
    assert (response.status_code, response.json()["detail"]) == (503, "planning takes too long")


def test_more_claims_than_can_be_compared_are_refused(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runs.making.claimed.MAX_CLAIMS", 1)
    todo = made(api, content="Work", subtasks=[task("a", 1, resources=claims("a", "b"))])
    response = api.post(f"todos/{todo['id']}/plan/")
    assert (response.status_code, pointers(response)) == (422, [""])
