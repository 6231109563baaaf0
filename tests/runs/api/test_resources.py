"""Resources over REST."""

from typing import Any

import pytest
from django.contrib.auth.models import User

from runs.models import Resource, Subtask
from tests.factories import Api, made, pointers
from tests.scenes import Scene, scene

FILE = {"kind": "file", "name": "src/**", "mode": "write", "amount": 1}
SHARE = {"kind": "database", "name": "main", "mode": "write", "amount": 6}
CALLS = {"kind": "api", "name": "forge", "mode": "write", "amount": 8}


@pytest.fixture
def there(ada: User) -> Scene:
    """One at work; one that waits for each of a file, a share, a limiter."""
    found = scene(ada, "abcd", claims={"a": [FILE, SHARE, CALLS], "b": [FILE], "c": [SHARE], "d": [CALLS]})
    found.start("a", "b", "c", "d")
    return found


def test_a_resource_nobody_has_set_is_as_the_settings_say(api: Api) -> None:
    assert api.get("resources/api/forge/").json() == {
        "kind": "api",
        "name": "forge",
        "capacity": None,
        "per_second": 10.0,
        "available": 10,
        "holders": 0,
        "waiting": 0,
    }
    assert api.get("resources/database/main/").json()["capacity"] == 10
    memory = api.get("resources/memory/ram/").json()
    assert memory["capacity"] == memory["available"] > 0
    assert api.get("resources/file/src%2F**/").json()["capacity"] is None
    assert Resource.objects.count() == 0


def test_a_resource_tells_who_uses_it(api: Api, there: Scene) -> None:
    shown = api.get("resources/database/main/").json()
    assert (shown["available"], shown["holders"], shown["waiting"]) == (4, 1, 1)
    shown = api.get("resources/file/src%2F**/").json()
    api.checked = False
    assert api.get("resources/file/src/**/").json() == shown
    assert (shown["holders"], shown["waiting"]) == (1, 1)
    assert api.get("resources/api/forge/").json()["waiting"] == 1


def test_a_limit_can_be_set_and_set_again(api: Api) -> None:
    assert api.send("PUT", "resources/database/main/", {"capacity": 3}).json()["capacity"] == 3
    assert api.send("PUT", "resources/database/main/", {"capacity": 5}).json()["capacity"] == 5
    assert api.send("PUT", "resources/api/forge/", {"per_second": 0.5}).json()["per_second"] == 0.5
    assert api.get("resources/api/forge/").json()["available"] == 1


@pytest.mark.parametrize(
    ("path", "body", "pointer"),
    [
        ("database/main", {"capacity": 0}, "/capacity"),
        ("database/main", {"capacity": 2**31}, "/capacity"),
        ("database/main", {"capacity": "5"}, "/capacity"),
        ("database/main", {"capacity": 1.5}, "/capacity"),
        ("database/main", {"per_second": 5}, "/per_second"),
        ("database/main", {}, "/capacity"),
        ("memory/ram", {"capacity": None}, "/capacity"),
        ("api/forge", {"per_second": 0}, "/per_second"),
        ("api/forge", {"per_second": -1}, "/per_second"),
        ("api/forge", {"capacity": 5}, "/capacity"),
        ("api/forge", {"per_second": 5, "name": "x"}, "/name"),
        ("file/src", {"capacity": 1}, ""),
    ],
)
def test_a_limit_that_makes_no_sense_is_refused(api: Api, path: str, body: Any, pointer: str) -> None:
    response = api.send("PUT", f"resources/{path}/", body)
    assert (response.status_code, pointers(response)) == (422, [pointer])
    assert Resource.objects.count() == 0


@pytest.mark.parametrize("path", ["disk/x", "api/%00", "api/%20", "api/" + "x" * 501, "api"])
def test_what_is_no_resource_is_not_there(api: Api, path: str) -> None:
    api.checked = False
    assert api.get(f"resources/{path}/").status_code == 404
    assert api.send("PUT", f"resources/{path}/", {"capacity": 1}).status_code == 404


def test_raising_a_limit_brings_those_back_into_line_that_wait_for_it(api: Api, there: Scene) -> None:
    api.send("PUT", "resources/database/main/", {"capacity": 12})
    api.send("PUT", "resources/api/forge/", {"per_second": 100})
    assert {there.subtask(key).waits_for for key in "cd"} == {""}
    assert (there.run.held_back, there.run.rate_limited) == (1, 0)
    there.later(1)
    there.start("c", "d", agent="agent-2")
    assert (there.subtask("c").status, there.subtask("d").status) == ("in_progress", "in_progress")


def test_lowering_a_limit_below_a_claim_fails_who_waits_for_it(api: Api, there: Scene) -> None:
    api.send("PUT", "resources/database/main/", {"capacity": 5})
    there.start("c")
    assert there.subtask("c").status == "failed"
    assert there.subtask("a").status == "in_progress"


def test_a_run_that_claims_more_than_there_is_is_refused(api: Api) -> None:
    subtasks = [{"content": "x", "key": "x", "resources": [SHARE | {"amount": 11}]}]
    todo = made(api, content="too much", subtasks=subtasks)
    response = api.post(f"todos/{todo['id']}/run/")
    assert response.status_code == 422
    assert "x claims 11 connections of main, more than there are" in response.json()["detail"]
    assert Subtask.objects.count() == 0
    api.send("PUT", "resources/database/main/", {"capacity": 11})
    assert api.post(f"todos/{todo['id']}/run/").status_code == 201


def test_a_run_tells_what_it_holds_and_who_waits_for_whom(api: Api, there: Scene) -> None:
    found = api.get(f"runs/{there.run_id}/resources/").json()
    assert [(row["subtask"], row["kind"], row["name"], row["agent"]) for row in found["held"]] == [
        ("a", "file", "src/**", "agent-1"),
        ("a", "database", "main", "agent-1"),
    ]
    holder = {
        "run": str(there.run_id),
        "subtask": "a",
        "attempt": str(there.attempt("a").pk),
        "agent": "agent-1",
    }
    waiting = {row["subtask"]: row for row in found["waiting"]}
    assert (found["held_count"], found["waiting_count"]) == (2, 3)
    assert waiting["b"]["held_by"] == waiting["c"]["held_by"] == [holder]
    assert (waiting["d"]["waiting_for"], waiting["d"]["held_by"]) == ("rate_limit", [])
    assert waiting["d"]["until"] is not None


def test_a_subtask_says_what_it_waits_for(api: Api, there: Scene) -> None:
    path = f"runs/{there.run_id}/subtasks"
    shown = api.get(f"{path}/b/").json()
    assert shown["waiting_for"] == "resource"
    assert (shown["waiting_detail"]["name"], shown["waiting_detail"]["held_by"][0]["subtask"]) == ("src/**", "a")
    assert api.get(f"{path}/d/").json()["waiting_for"] == "rate_limit"
    progress = api.get(f"runs/{there.run_id}/progress/").json()
    assert progress["waiting"] == {"resource": 2, "rate_limit": 1}
    assert progress["pending"] == 3
