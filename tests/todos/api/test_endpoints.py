from typing import Any

import pytest
from django.contrib.auth.models import User

from tests.factories import EXAMPLE, Api, counts, made, pointers, token_of
from todos.models import Claim, Dependency, Todo

# ---- making ----


def test_the_example_of_the_contract_makes_a_tree(api: Api) -> None:
    todo = made(api, EXAMPLE)
    assert (todo["content"], todo["status"], todo["priority"], todo["version"]) == (
        "Review the code base",
        "pending",
        1,
        1,
    )
    assert (todo["key"], todo["parent"], todo["root"]) == (None, None, todo["id"])
    assert todo["counts"] == counts(2, pending=2)
    scan, lint = todo["subtasks"]
    assert (scan["key"], scan["lane"], scan["estimated_seconds"], scan["resources"]) == ("scan", "query", 2, None)
    assert scan["counts"] == counts(1, pending=1)
    assert lint["depends_on"] == ["scan"]
    assert lint["lane"] == "execute"
    assert lint["executor"] == {"name": "shell", "command": "ruff check ."}
    assert lint["rollback"] == {"name": "shell", "command": "git checkout src/app.py"}
    assert lint["resources"] == [
        {"kind": "file", "name": "src/app.py", "mode": "write", "amount": 1},
        {"kind": "api", "name": "forge", "mode": "write", "amount": 1},
    ]
    assert (lint["parent"], lint["root"], lint["position"]) == (todo["id"], todo["id"], 1)


def test_what_is_made_is_what_the_tree_shows(api: Api) -> None:
    todo = made(api, EXAMPLE)
    assert api.get(f"todos/{todo['id']}/tree/").json() == todo


def test_one_todo_shows_what_is_right_below_it(api: Api) -> None:
    todo = made(api, content="a", subtasks=[{"content": "b", "subtasks": [{"content": "c"}]}])
    one = api.get(f"todos/{todo['id']}/").json()
    assert [set(child) for child in one["subtasks"]] == [{"id", "key", "content", "status", "priority", "counts"}]
    assert one["subtasks"][0]["counts"] == counts(1, pending=1)
    assert {name: one[name] for name in one if name != "subtasks"} == {
        name: todo[name] for name in todo if name != "subtasks"
    }


def test_subtasks_nest_and_are_counted_by_leaves(api: Api) -> None:
    leaves = [{"content": "x"}, {"content": "y", "status": "completed"}]
    todo = made(api, content="a", subtasks=[{"content": "p", "subtasks": leaves}, {"content": "z", "status": "failed"}])
    assert todo["counts"] == counts(3, pending=1, completed=1, failed=1)
    assert todo["status"] == "in_progress"
    assert todo["subtasks"][0]["counts"] == counts(2, pending=1, completed=1)


def test_a_refused_tree_leaves_nothing(api: Api) -> None:
    bad = {"content": "a", "subtasks": [{"content": "b"}, {"content": "c", "depends_on": ["nothing"]}]}
    response = api.post("todos/", bad)
    assert (response.status_code, pointers(response)) == (422, ["/subtasks/1/depends_on/0"])
    assert "nothing" in response.json()["detail"]
    assert not Todo.objects.exists()


def test_a_cycle_is_refused_with_its_path(api: Api) -> None:
    tasks = [{"content": "a", "key": "a", "depends_on": ["b"]}, {"content": "b", "key": "b", "depends_on": ["a"]}]
    response = api.post("todos/", {"content": "x", "subtasks": tasks})
    assert response.status_code == 422
    assert "a → b → a" in response.json()["errors"][0]["detail"]
    assert pointers(response) == ["/subtasks/0/depends_on"]


def test_a_parent_has_no_status_of_its_own(api: Api) -> None:
    body = {
        "content": "a",
        "status": "pending",
        "subtasks": [{"content": "b", "status": "failed", "subtasks": [{"content": "c"}]}],
    }
    assert pointers(api.post("todos/", body)) == ["/status", "/subtasks/0/status"]


def test_a_resource_is_claimed_once(api: Api) -> None:
    twice = [{"kind": "file", "name": "a"}, {"kind": "api", "name": "a"}, {"kind": "file", "name": "a", "mode": "read"}]
    assert pointers(api.post("todos/", {"content": "a", "resources": twice})) == ["/resources/2"]


def test_no_resources_are_not_the_same_as_unknown_ones(api: Api) -> None:
    todo = made(api, content="a", subtasks=[{"content": "b", "resources": []}, {"content": "c"}])
    assert [subtask["resources"] for subtask in todo["subtasks"]] == [[], None]


def test_inputs_name_other_subtasks(api: Api) -> None:
    takes = {"files": {"from": "scan", "pointer": "/files"}, "all": {"from": "scan"}}
    todo = made(api, content="a", subtasks=[{"content": "s", "key": "scan"}, {"content": "b", "inputs": takes}])
    assert todo["subtasks"][1]["inputs"] == {"files": takes["files"], "all": {"from": "scan", "pointer": ""}}
    for source in ("gone", ["b", "gone"]):
        bad = {"content": "a", "subtasks": [{"content": "b", "key": "b", "inputs": {"x": {"from": source}}}]}
        assert pointers(api.post("todos/", bad)) == ["/subtasks/0/inputs/x/from"]


@pytest.mark.parametrize("name", ["shell", "agent", "python", "http"])
def test_commands_need_the_command_permission(ada: User, name: str) -> None:
    fields: dict[str, dict[str, Any]] = {
        "shell": {"command": "ls"},
        "agent": {"command": ["a"], "prompt": "b"},
        "python": {"call": "a"},
        "http": {"url": "http://a"},
    }
    executor = {"name": name, **fields[name]}
    body = {
        "content": "a",
        "subtasks": [
            {"content": "b"},
            {"content": "c", "executor": executor, "rollback": executor, "verify": executor},
        ],
    }
    operator = Api(token_of(ada, "operator"))
    refused = operator.post("todos/", body)
    assert (refused.status_code, pointers(refused)) == (
        403,
        ["/subtasks/1/executor", "/subtasks/1/rollback", "/subtasks/1/verify"],
    )
    assert not Todo.objects.exists()
    assert Api(token_of(ada, "admin")).post("todos/", body).status_code == 201
    todo = made(operator, content="a", executor={"name": "read", "path": "a"})
    refused = operator.patch(f"todos/{todo['id']}/", {"executor": executor})
    assert (refused.status_code, pointers(refused)) == (403, ["/executor"])
    refused = operator.post(f"todos/{todo['id']}/subtasks/", {"content": "b", "executor": executor})
    assert (refused.status_code, pointers(refused)) == (403, ["/executor"])


def test_the_size_of_a_tree_is_limited(api: Api, settings: Any) -> None:
    settings.RUN_MAX_SUBTASKS = 3
    four = [{"content": "b"}] * 4
    response = api.post("todos/", {"content": "a", "subtasks": four})
    assert (response.status_code, pointers(response)) == (422, ["/subtasks"])
    todo = made(api, content="a", subtasks=four[:3])
    assert api.post(f"todos/{todo['id']}/subtasks/", {"content": "c"}).status_code == 422
    below = api.post(f"todos/{todo['subtasks'][0]['id']}/subtasks/", {"content": "c"})
    assert below.status_code == 201  # its parent is a leaf no more


# ---- more subtasks ----


def test_a_subtask_is_added_after_those_that_are_there(api: Api) -> None:
    todo = made(api, EXAMPLE)
    response = api.post(f"todos/{todo['id']}/subtasks/", {"content": "Test", "depends_on": ["lint"]})
    assert response.status_code == 201
    added = response.json()
    assert (added["key"], added["position"], added["depends_on"], added["subtasks"]) == ("test", 2, ["lint"], [])
    assert api.get(f"todos/{todo['id']}/").json()["counts"] == counts(3, pending=3)


def test_a_list_of_subtasks_is_answered_by_a_list(api: Api) -> None:
    todo = made(api, EXAMPLE)
    items = [
        {"content": "x", "key": "x", "depends_on": ["y"], "subtasks": [{"content": "x1"}]},
        {"content": "y", "key": "y"},
    ]
    found = api.post(f"todos/{todo['subtasks'][0]['id']}/subtasks/", items).json()
    assert [(one["key"], one["position"], one["depends_on"]) for one in found] == [("x", 0, ["y"]), ("y", 1, [])]
    assert found[0]["subtasks"][0]["key"] == "x1"
    assert api.post(f"todos/{todo['id']}/subtasks/", []).json() == []


def test_pointers_lead_into_what_was_sent(api: Api) -> None:
    todo = made(api, EXAMPLE)
    path = f"todos/{todo['id']}/subtasks/"
    assert pointers(api.post(path, {"content": "x", "key": "scan"})) == ["/key"]
    assert pointers(api.post(path, {"content": "x", "depends_on": ["y"]})) == ["/depends_on/0"]
    assert pointers(api.post(path, {"content": "x", "subtasks": [{"content": "y", "key": "scan"}]})) == [
        "/subtasks/0/key"
    ]
    assert pointers(api.post(path, [{"content": "x"}, {"content": "y", "key": "scan"}])) == ["/1/key"]
    assert pointers(api.post(path, [{"content": "x"}, {"content": ""}])) == ["/1/content"]
    assert Todo.objects.count() == 3


def test_new_subtasks_may_not_close_a_cycle(api: Api) -> None:
    tasks = [
        {"content": "p", "key": "p", "subtasks": [{"content": "c", "key": "c"}]},
        {"content": "q", "key": "q", "depends_on": ["p"]},
    ]
    todo = made(api, content="a", subtasks=tasks)
    response = api.post(
        f"todos/{todo['subtasks'][0]['id']}/subtasks/", {"content": "x", "key": "x", "depends_on": ["q"]}
    )
    assert (response.status_code, pointers(response)) == (422, ["/depends_on"])
    assert "x → q → p → x" in response.json()["detail"] or "p → x → q → p" in response.json()["detail"]


def test_subtasks_nest_five_deep_wherever_they_are_added(api: Api) -> None:
    todo = made(api, content="0")
    for level in range(5):
        response = api.post(f"todos/{todo['id']}/subtasks/", {"content": f"{level + 1}"})
        assert response.status_code == 201
        todo = response.json()
    response = api.post(f"todos/{todo['id']}/subtasks/", {"content": "6"})
    assert (response.status_code, pointers(response)) == (422, [""])


def test_a_todo_in_progress_does_not_become_a_parent(api: Api) -> None:
    todo = made(api, content="a", status="in_progress")
    response = api.post(f"todos/{todo['id']}/subtasks/", {"content": "b"})
    assert (response.status_code, response.json()["current"]) == (409, "in_progress")


# ---- one ----


def test_a_todo_of_somebody_else_is_not_there(api: Api, eve: User) -> None:
    todo = made(api, EXAMPLE)
    theirs = Api(token_of(eve, "admin"))
    path = f"todos/{todo['id']}/"
    assert theirs.get(path).status_code == 404
    assert theirs.get(f"{path}tree/").status_code == 404
    assert theirs.patch(path, {"content": "mine"}).status_code == 404
    assert theirs.post(f"{path}subtasks/", {"content": "mine"}).status_code == 404
    assert theirs.delete(path).status_code == 404
    assert api.get(path).json()["content"] == "Review the code base"


def test_an_unchanged_todo_is_not_sent_twice(api: Api) -> None:
    todo = made(api, EXAMPLE)
    path = f"todos/{todo['id']}/"
    tag = api.get(path).headers["ETag"]
    assert api.send("GET", path, headers={"If-None-Match": tag}).status_code == 304
    Todo.objects.filter(pk=todo["subtasks"][0]["id"]).update(content="changed")
    assert api.send("GET", path, headers={"If-None-Match": tag}).status_code == 200


def test_a_change_of_an_old_version_is_refused(api: Api) -> None:
    todo = made(api, content="a")
    path = f"todos/{todo['id']}/"
    tag = api.get(path).headers["ETag"]
    changed = api.patch(path, {"content": "b"}, If_Match=tag)
    assert (changed.status_code, changed.json()["version"]) == (200, 2)
    stale = api.patch(path, {"content": "c"}, If_Match=tag)
    assert (stale.status_code, stale.json()["title"]) == (412, "Changed meanwhile")
    assert api.get(path).json()["content"] == "b"


def test_deleting_takes_everything_below_along(api: Api) -> None:
    todo, other = made(api, EXAMPLE), made(api, EXAMPLE)
    assert api.delete(f"todos/{todo['id']}/").status_code == 204
    assert api.get(f"todos/{todo['id']}/").status_code == 404
    assert set(Todo.objects.values_list("pk", flat=True)) == {int(one["id"]) for one in [other, *other["subtasks"]]}
    assert (Dependency.objects.count(), Claim.objects.count()) == (1, 2)


def test_a_post_with_a_key_makes_one_tree(api: Api) -> None:
    first = api.post("todos/", EXAMPLE, Idempotency_Key="k")
    again = api.post("todos/", EXAMPLE, Idempotency_Key="k")
    assert (again.content, again.headers["Idempotent-Replay"]) == (first.content, "true")
    assert Todo.objects.filter(root=None).count() == 1
