"""What may not be added to a run, or not by everybody, and leaves nothing half made."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from pytest_django import Settings

from runs import actions
from runs.models import Attempt, Event, Subtask, Token
from tests.factories import Api, pointers, token_of
from tests.runs.api.adding import WORK, add, clean, one, scene
from tests.scenes import Scene
from todos.models import Todo


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ([one("a", depends_on=["nobody"])], "/0/depends_on/0"),
        ([one("a"), one("b", inputs={"x": {"from": ["a", "nobody"]}})], "/1/inputs/x/from"),
        ([one("a"), one("scan")], "/1/key"),
        ([one("a"), one("a")], "/1/key"),
        ([one("a", depends_on=["b"]), one("b", depends_on=["a"])], "/0/depends_on"),
        ([one("a", depends_on=["a"])], "/0/depends_on"),
        (one("a", subtasks=[one("b")]), "/subtasks"),
        (one("a", status="completed"), "/status"),
        (one("a", resources=[{"kind": "database", "name": "m", "amount": 2_000_000}]), "/resources"),
        (one("a", attempt="99999"), "/attempt"),
        (one("a", attempt="x"), "/attempt"),
        (one("a", when="later"), "/when"),
        ([one(), one(when=None)], "/1/when"),
        ([one(), 1], "/1"),
    ],
)
def test_what_is_wrong_is_refused_with_its_place_and_nothing_is_made(
    api: Api, there: Scene, body: Any, where: str
) -> None:
    before = there.run.last_seq, Todo.objects.count(), there.run.total
    refused = api.post(f"runs/{there.run_id}/subtasks/", body)
    assert (refused.status_code, pointers(refused)) == (422, [where])
    assert (there.run.last_seq, Todo.objects.count(), there.run.total) == before
    assert Subtask.objects.filter(run=there.run_id).count() == 2


def test_a_run_holds_so_many_at_most(api: Api, there: Scene, settings: Settings) -> None:
    settings.RUN_MAX_SUBTASKS = 3
    assert add(api, there, one(), one(), status=422)["detail"] == "4 subtasks, and a run has at most 3"
    add(api, there, one())
    add(api, there, one(), status=422)


def test_a_key_of_the_tree_that_is_not_in_the_run_is_unknown(api: Api, there: Scene) -> None:
    assert api.post(f"todos/{there.run.todo_id}/subtasks/", one("later")).status_code == 201
    assert api.post(f"runs/{there.run_id}/subtasks/", one("a", depends_on=["later"])).status_code == 422
    assert api.post(f"runs/{there.run_id}/subtasks/", one("later")).status_code == 422


def test_a_run_that_has_ended_or_is_stopped_takes_none(api: Api, there: Scene, ada: User) -> None:
    api.post(f"runs/{there.run_id}/cancel/")
    assert add(api, there, one(), status=409)["current"] == "running"
    ended = scene(ada, one("a"))
    ended.start("a")
    ended.complete("a")
    assert add(api, ended, one(), status=409)["current"] == "completed"
    baseline = actions.baseline(ended.run)
    assert api.post(f"runs/{baseline.pk}/subtasks/", one()).status_code == 409


def test_commands_need_the_permission_and_nothing_is_made(there: Scene, ada: User) -> None:
    plain = Api(token_of(ada, "operator"))
    refused = plain.post(
        f"runs/{there.run_id}/subtasks/", [one("a"), {"content": "b", "executor": {"name": "shell", "command": "ls"}}]
    )
    assert (refused.status_code, pointers(refused)) == (403, ["/1/executor"])
    assert there.run.total == 2


# ---- agents ----


@pytest.fixture
def agent(there: Scene, ada: User) -> Api:
    """The agent that has `scan` in hand."""
    text = token_of(ada, "agent")
    Attempt.objects.filter(pk=there.attempt("scan").pk).update(token=Token.objects.get(scope="agent"))
    return Api(text)


def test_an_agent_adds_under_its_own_attempt_three_deep_at_most(agent: Api, there: Scene) -> None:
    under = "scan"
    for depth, key in enumerate("abc", start=1):
        attempt = str(there.attempt(under).pk)
        rows = add(agent, there, {"content": key, "key": key, "attempt": attempt})
        assert rows[0]["key"] == key
        assert (there.subtask(key).depth, str(there.subtask(key).added_by)) == (depth, attempt)
        there.start(key)
        Attempt.objects.filter(subtask=there.subtask(key)).update(token=Token.objects.get(scope="agent"))
        under = key
    refused = agent.post(f"runs/{there.run_id}/subtasks/", {"content": "d", "attempt": str(there.attempt("c").pk)})
    assert (refused.status_code, pointers(refused)) == (422, ["/attempt"])
    told = Event.objects.filter(run=there.run_id, kind="added").order_by("seq").values_list("data", flat=True)
    assert [data and data["depth"] for data in told] == [1, 2, 3]
    assert clean(there)


def test_an_agent_needs_an_attempt_of_its_own_that_is_open(agent: Api, there: Scene, api: Api) -> None:
    path = f"runs/{there.run_id}/subtasks/"
    assert pointers(agent.post(path, {"content": "a"})) == ["/attempt"]
    attempt = there.attempt("scan")
    there.complete("scan")
    there.start("report")
    theirs = agent.post(path, {"content": "a", "attempt": str(there.attempt("report").pk)})
    assert (theirs.status_code, pointers(theirs)) == (403, ["/attempt"])
    over = agent.post(path, {"content": "a", "attempt": str(attempt.pk)})
    assert (over.status_code, over.json()["current"]) == (409, "succeeded")
    assert api.post(path, {"content": "a", "attempt": str(there.attempt("report").pk)}).status_code == 201


def test_an_agent_may_only_make_what_is_harmless(agent: Api, there: Scene) -> None:
    attempt = str(there.attempt("scan").pk)
    body = {"content": "a", "attempt": attempt, "executor": {"name": "read", "path": "a"}}
    path = f"runs/{there.run_id}/subtasks/"
    assert agent.post(path, body).status_code == 201
    for name in ({"name": "shell", "command": "ls"}, WORK):
        refused = agent.post(path, body | {"executor": name})
        assert (refused.status_code, pointers(refused)) == (403, ["/executor"])
    assert there.run.total == 3
