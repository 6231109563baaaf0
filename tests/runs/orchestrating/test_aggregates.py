"""Results of children put together on their parents."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from pytest_django import Settings

from runs import actions, handover
from runs.models import Aggregate, Run, Subtask
from runs.verify import verify
from tests.factories import Api, keys, made, plant, pointers, token_of
from tests.runs.api.adding import add, one
from tests.scenes import Scene
from todos.models import Todo

WORK = {"name": "simulate", "seconds": 1}
Json = dict[str, Any]


def leaf(key: str, **more: Any) -> Json:
    return {"key": key, "content": key, "executor": WORK, "max_retries": 0, **more}


def parent(key: str, aggregate: Json | None, *children: Json, **more: Any) -> Json:
    return {"key": key, "content": key, "aggregate": aggregate, "subtasks": list(children), **more}


def scene(owner: User, aggregate: Json | None, *subtasks: Json) -> Scene:
    run = actions.start(
        plant(owner, aggregate=aggregate, subtasks=list(subtasks)), actions.Options(strategy="parallel")
    )
    return Scene(run, run.updated_at)


def finish(there: Scene, **results: Any) -> Run:
    """Each with its result; ... fails."""
    for key, result in results.items():
        name = key.replace("__", ".")
        there.start(name)
        if result is ...:
            there.fail(name)
        else:
            there.complete(name, result=result)
    return there.run


def found(there: Scene) -> dict[str, tuple[Any, int | None, str]]:
    rows = Aggregate.objects.filter(run=there.run_id)
    return {row.key: (row.result, row.completed, row.error) for row in rows}


def told(there: Scene) -> list[str]:
    return [f"{finding.id} {line}" for finding in verify(None, there.now) for line in finding.shown]


def test_the_result_of_a_run_is_what_its_todo_makes_of_those_of_its_subtasks(ada: User) -> None:
    there = scene(ada, {"kind": "concatenate"}, leaf("a"), leaf("b"), leaf("c", depends_on=["a", "b"]))
    run = finish(there, b=[2], a=[1], c=[3])
    assert (run.status, run.result) == ("completed", [1, 2, 3])
    assert run.aggregate == {"kind": "concatenate", "of": 3, "completed": 3, "error": None}
    assert told(there) == []


def test_without_one_it_is_that_of_the_last_subtask_as_before(ada: User) -> None:
    there = scene(ada, None, leaf("a"), leaf("b", depends_on=["a"]))
    run = finish(there, a=1, b=2)
    assert (run.result, run.aggregate) == (2, None)


def test_what_failed_or_was_skipped_is_left_out_and_counted(ada: User) -> None:
    there = scene(ada, {"kind": "merge"}, leaf("a"), leaf("b"), leaf("c", depends_on=["b"]))
    run = finish(there, a={"x": 1}, b=...)
    assert (run.status, run.result) == ("failed", {"x": 1})
    assert run.aggregate == {"kind": "merge", "of": 3, "completed": 1, "error": None}
    assert told(there) == []


def test_an_inner_parent_is_one_part_and_one_without_stands_for_its_children(ada: User) -> None:
    there = scene(
        ada,
        {"kind": "concatenate"},
        parent("votes", {"kind": "vote", "pointer": "/ok"}, leaf("a"), leaf("b")),
        parent("plain", None, leaf("c"), parent("deep", {"kind": "concatenate"}, leaf("d"), leaf("e"))),
    )
    run = finish(there, a={"ok": True}, b={"ok": True}, c=["c"], d=["d"], e=["e"])
    winner = {"winner": True, "votes": [{"value": True, "count": 2}]}
    error = "concatenate takes lists, or texts, and not both; the result of 'votes' is an object"
    assert found(there) == {"deep": (["d", "e"], 2, ""), "votes": (winner, 2, ""), "": (None, 3, error)}
    assert (run.status, run.result, run.aggregate and run.aggregate["error"]) == ("completed", None, error)
    assert told(there) == []


def test_one_that_cannot_be_made_is_missing_above(ada: User) -> None:
    there = scene(ada, {"kind": "concatenate"}, parent("in", {"kind": "merge"}, leaf("a")), leaf("b"))
    run = finish(there, a=[1], b=["b"])
    assert (run.result, run.aggregate) == (["b"], {"kind": "concatenate", "of": 2, "completed": 1, "error": None})


def test_more_than_a_result_may_have_is_an_error_and_fails_nothing(ada: User, settings: Settings) -> None:
    settings.RESULT_MAX_BYTES = 100
    there = scene(ada, {"kind": "concatenate"}, leaf("a"), leaf("b"))
    run = finish(there, a=["x" * 60], b=["x" * 60])
    assert (run.status, run.result) == ("completed", None)
    assert run.aggregate and run.aggregate["error"] == "put together it has more than 100 bytes"
    assert told(there) == []


def test_more_than_can_be_read_at_once_is_an_error_too(ada: User, settings: Settings) -> None:
    there = scene(ada, {"kind": "vote"}, *(leaf(f"s{at}") for at in range(20)))
    settings.RESULT_MAX_BYTES = 10
    run = finish(there, **{f"s{at}": "x" * 9 for at in range(20)})
    assert run.aggregate == {
        "kind": "vote",
        "of": 20,
        "completed": 20,
        "error": "the results of this run have 220 characters, too many to be put together",
    }
    assert told(there) == []


# ---- an executor that reduces ----

REDUCE = {"kind": "reduce", "executor": WORK}


def test_a_reducer_is_one_more_subtask_after_all_leaves_with_their_results(ada: User) -> None:
    there = scene(ada, REDUCE, leaf("a"), parent("in", None, leaf("b"), leaf("c")))
    row = there.subtask("main.reduce")
    assert (row.todo_id, row.unmet, row.when, there.run.total) == (None, 3, "always", 4)
    finish(there, a=1, b=..., c=3)
    assert handover.resolve(there.run_id, row.inputs or {}) == {"results": {"a": 1, "c": 3}}
    run = finish(there, main__reduce={"sum": 4})
    assert (run.result, run.aggregate) == ({"sum": 4}, {"kind": "reduce", "of": 3, "completed": 2, "error": None})
    assert told(there) == []


def test_what_depends_on_a_parent_waits_for_its_reducer(ada: User) -> None:
    there = scene(ada, None, parent("in", REDUCE, leaf("a")), leaf("z", depends_on=["in"]))
    finish(there, a=1)
    assert (there.subtask("z").unmet, there.subtask("in.reduce").unmet) == (1, 0)
    run = finish(there, in__reduce=2, z=3)
    assert (run.result, found(there)) == (3, {"in": (2, 1, "")})
    assert told(there) == []


def test_a_reducer_of_reducers_gets_what_they_made(ada: User) -> None:
    there = scene(ada, REDUCE, parent("in", REDUCE, leaf("a"), leaf("b")), leaf("c"))
    assert (there.subtask("main.reduce").inputs or {})["results"]["from"] == ["in.reduce", "c"]


def test_a_reducer_waits_for_what_is_added_before_it_can_begin_and_gets_it(api: Api, ada: User) -> None:
    there = scene(ada, REDUCE, leaf("a"))
    add(api, there, one("b"), one("c", depends_on=["b"], when="failed"))
    row = there.subtask("main.reduce")
    assert (row.unmet, (row.inputs or {})["results"]["from"]) == (3, ["a", "b", "c"])
    finish(there, a=1)
    assert there.subtask("main.reduce").unmet == 2
    finish(there, b=2)
    assert handover.resolve(there.run_id, row.inputs or {}) == {"results": {"a": 1, "b": 2}}
    run = finish(there, main__reduce=3)
    assert (run.status, run.aggregate) == ("completed", {"kind": "reduce", "of": 3, "completed": 2, "error": None})
    assert told(there) == []


def test_a_reducer_does_not_wait_for_what_depends_on_it_nor_once_it_can_begin(api: Api, ada: User) -> None:
    there = scene(ada, REDUCE, leaf("a"))
    add(api, there, one("after", depends_on=["main.reduce"]))
    assert there.subtask("main.reduce").unmet == 1
    finish(there, a=1)
    add(api, there, one("late"))
    assert there.subtask("main.reduce").unmet == 0
    run = finish(there, main__reduce=3, after=1, late=1)
    assert (run.status, run.aggregate) == ("completed", {"kind": "reduce", "of": 1, "completed": 1, "error": None})
    assert told(there) == []


def test_a_reducer_that_fails_leaves_no_result(ada: User) -> None:
    there = scene(ada, REDUCE, leaf("a"))
    finish(there, a=1)
    run = finish(there, main__reduce=...)
    while run.status != "failed":  # its tries
        there.later(60)
        there.start("main.reduce")
        there.fail("main.reduce")
        run = there.run
    assert run.result is None
    assert run.aggregate and run.aggregate["error"] == "'main.reduce', which puts them together, is failed"


def test_the_key_of_a_reducer_is_unlike_all_others_and_not_too_long(ada: User) -> None:
    long = "x" * 64
    there = scene(ada, REDUCE, leaf("main.reduce"), parent(long, REDUCE, leaf("b")))
    assert set(Subtask.objects.filter(run=there.run_id).values_list("key", flat=True)) == {
        "main.reduce",
        "main.reduce-2",
        "b",
        f"{'x' * 57}.reduce",
    }


def test_a_todo_that_is_done_is_done_again_and_not_only_put_together(ada: User) -> None:
    there = scene(ada, REDUCE, leaf("a"))
    finish(there, a=1, main__reduce=1)
    again = actions.start(Todo.objects.get(pk=there.run.todo_id or 0), actions.Options())
    assert (again.pending, again.completed) == (2, 0)


def test_a_retry_puts_together_anew(ada: User) -> None:
    there = scene(ada, REDUCE, leaf("a"), leaf("b"))
    finish(there, a=1, b=..., main__reduce=1)
    again = actions.retry(there.run)
    rows = dict(Subtask.objects.filter(run=again).values_list("key", "status"))
    assert rows == {"a": "completed", "b": "pending", "main.reduce": "pending"}


# ---- over REST ----


def test_it_is_part_of_a_todo_and_of_its_changes(api: Api) -> None:
    fusion = {"kind": "rank_fusion", "key": "path", "pointer": "/matches"}
    todo = made(api, {"content": "x", "aggregate": fusion, "subtasks": [{"content": "a"}]})
    assert (todo["aggregate"], todo["subtasks"][0]["aggregate"]) == (fusion, None)
    changed = api.patch(f"todos/{todo['id']}/", {"aggregate": {"kind": "vote", "threshold": 0.7}})
    assert changed.json()["aggregate"] == {"kind": "vote", "threshold": 0.7}
    assert api.patch(f"todos/{todo['id']}/", {"aggregate": None}).json()["aggregate"] is None
    assert api.get(f"todos/{todo['id']}/tree/").json()["aggregate"] is None


def test_a_leaf_does_nothing_with_it(api: Api, ada: User) -> None:
    todo = made(api, {"content": "x", "aggregate": {"kind": "vote"}, "executor": WORK})
    run = actions.start(Todo.objects.get(pk=todo["id"]), actions.Options())
    assert not Aggregate.objects.filter(run=run).exists()


@pytest.mark.parametrize(
    ("aggregate", "where"),
    [
        ({"kind": "sum"}, "/aggregate"),
        ({}, "/aggregate"),
        ("vote", "/aggregate"),
        ({"kind": "vote", "threshold": 1.1}, "/aggregate/threshold"),
        ({"kind": "vote", "key": "x"}, "/aggregate/key"),
        ({"kind": "rank_fusion", "k": 0}, "/aggregate/k"),
        ({"kind": "merge", "lists": "both"}, "/aggregate/lists"),
        ({"kind": "concatenate", "separator": 1}, "/aggregate/separator"),
        ({"kind": "concatenate", "pointer": "x"}, "/aggregate/pointer"),
        ({"kind": "reduce"}, "/aggregate/executor"),
        ({"kind": "reduce", "executor": {"name": "approval", "question": "?"}}, "/aggregate/executor"),
    ],
)
def test_a_wrong_one_is_refused_where_it_is_wrong(api: Api, aggregate: Any, where: str) -> None:
    refused = api.post("todos/", {"content": "x", "aggregate": aggregate})
    assert (refused.status_code, pointers(refused)) == (422, [where])


def test_a_reducer_needs_the_permission_for_its_executor(ada: User) -> None:
    shell = {"kind": "reduce", "executor": {"name": "shell", "command": "ls"}}
    refused = Api(token_of(ada, "operator")).post("todos/", {"content": "x", "aggregate": shell})
    assert (refused.status_code, pointers(refused)) == (403, ["/aggregate/executor"])


def test_all_parents_are_shown_with_their_results(api: Api, ada: User) -> None:
    there = scene(ada, {"kind": "concatenate"}, parent("in", {"kind": "concatenate"}, leaf("a")), leaf("b"))
    path = f"runs/{there.run_id}/aggregates/"
    assert [(one["key"], one["completed"]) for one in api.get(path).json()] == [("in", None), (None, None)]
    finish(there, a=[1], b=[2])
    shown = {"content": "a todo", "kind": "concatenate", "of": 2, "completed": 2, "result": [1, 2], "error": None}
    assert api.get(path).json()[1] == {"key": None, **shown}
    assert api.get(f"runs/{there.run_id}/").json()["aggregate"]["completed"] == 2


def test_what_is_added_to_the_run_is_one_of_its_parts(api: Api, ada: User) -> None:
    there = scene(ada, {"kind": "concatenate"}, leaf("a"))
    assert api.post(f"runs/{there.run_id}/subtasks/", leaf("b")).status_code == 201
    assert finish(there, b=[2], a=[1]).result == [1, 2]
    assert sorted(keys(Todo.objects.get(pk=there.run.todo_id or 0))) == ["a", "b"]
    assert told(there) == []


# ---- verify ----


def test_another_result_than_comes_of_them_is_found(ada: User) -> None:
    there = scene(ada, {"kind": "concatenate"}, leaf("a"))
    finish(there, a=[1])
    Aggregate.objects.update(completed=2)
    assert told(there) == [f"I29 what run {there.run_id} made of the results below its todo does not come of them"]
    Aggregate.objects.update(completed=1)
    Run.objects.update(result=[2])
    assert told(there) == [f"I29 the result of run {there.run_id} is not what was put together"]


def test_a_result_before_the_end_is_found(ada: User) -> None:
    there = scene(ada, {"kind": "concatenate"}, parent("in", {"kind": "vote"}, leaf("a")))
    Aggregate.objects.filter(key="in").update(result=[])
    assert told(there) == [f"I29 what run {there.run_id} made of the results below in does not come of them"]
