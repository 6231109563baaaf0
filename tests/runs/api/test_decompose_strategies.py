"""Every strategy through the API: shown, made, made once, and carried out by real workers."""

import json
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connections

from runs import actions
from runs.making import decomposing
from runs.models import IdempotencyKey
from tests.factories import Api, made, token_of
from tests.runs.acting import Stage
from tests.runs.api.conftest import RUNS_COMMANDS, decompose
from todos.models import Todo
from todos.principal import for_person
from todos.problems import Conflict

PLAN = [{"key": "a", "content": "A"}, {"content": "B", "depends_on": ["a"]}]
PRINT = f"cat >/dev/null; printf '%s' '{json.dumps(PLAN)}'"

WORKING: list[tuple[str, dict[str, Any], int]] = [
    ("files", {}, 4),
    ("files", {"batches": 2, "include": ["*.py"]}, 2),
    ("files", {"files": ["README.md", "new.md"], "work": "none"}, 2),
    ("files", {"command": "wc -l", "exclude": ["*.md"]}, 3),
    ("features", {"features": ["dark mode", {"name": "search", "estimated_seconds": 60}]}, 3),
    ("layers", {}, 11),
    ("phases", {}, 8),
    ("modules", {}, 3),
    ("modules", {"by": "folder"}, 1),
    ("modules", {"batches": 2}, 2),
    ("codebase", {}, 19),
    ("checklist", {"text": "- a\n- b"}, 2),
    pytest.param("command", {"command": PRINT}, 2, marks=RUNS_COMMANDS),  # type: ignore[list-item]
]


def leaves(subtasks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [leaf for subtask in subtasks for leaf in leaves(subtask["subtasks"]) or [subtask]]


@pytest.mark.parametrize(("strategy", "options", "count"), WORKING)
def test_what_is_shown_is_made_and_showing_makes_nothing(
    api: Api, todo: dict[str, Any], strategy: str, options: dict[str, Any], count: int
) -> None:
    response = decompose(api, todo, strategy, **options)
    assert response.status_code == 200, response.content
    shown = response.json()
    assert Todo.objects.count() == 2
    assert len(leaves(shown["subtasks"])) == count
    assert sorted(shown["independent"] + shown["sequential"]) == sorted(one["key"] for one in leaves(shown["subtasks"]))
    assert shown["parallelization_score"] == len(shown["independent"]) / count
    response = decompose(api, todo, strategy, preview=False, **options)
    assert response.status_code == 201
    new = response.json()
    same = ("key", "content", "depends_on", "executor", "phase", "resources", "estimated_seconds")
    assert [[one[name] for name in same] for one in leaves(new["subtasks"])] == [
        [one[name] for name in same] for one in leaves(shown["subtasks"])
    ]
    assert {name: new[name] for name in new if name != "subtasks"} == {
        name: shown[name] for name in shown if name != "subtasks"
    }


def test_a_second_time_the_keys_are_new(api: Api, todo: dict[str, Any]) -> None:
    keys = [[one["key"] for one in decompose(api, todo, "files", preview=False).json()["subtasks"]] for _ in range(2)]
    assert not set(keys[0]) & set(keys[1])


def test_what_was_seen_of_the_tree_is_told(api: Api, todo: dict[str, Any], workspace: Path) -> None:
    (workspace / "link").symlink_to("/etc")
    assert decompose(api, todo, "codebase").json()["found"] == {
        "files": 4,
        "left_out": 1,
        "imports": 1,
        "most_imported": [{"path": "app/models.py", "importers": 1}],
    }
    assert decompose(api, todo, "phases").json()["found"] is None


# ---- once ----


def test_the_same_key_makes_them_once(api: Api, todo: dict[str, Any]) -> None:
    body = {"strategy": "files", "preview": False}
    first, again = (api.post(f"todos/{todo['id']}/decompose/", body, Idempotency_Key="k") for _ in range(2))
    assert (first.status_code, again.status_code, again.headers["Idempotent-Replay"]) == (201, 201, "true")
    assert first.content == again.content
    assert Todo.objects.count() == 6


@pytest.mark.django_db(transaction=True)
def test_the_same_key_at_once_makes_them_once(ada: User, workspace: Path) -> None:
    token = token_of(ada, "operator", commands=True)
    todo = made(Api(token), content="Ship it")
    gate, statuses = Barrier(3), []

    def post() -> None:
        gate.wait(10)
        body = {"strategy": "files", "preview": False}
        response = Api(token, checked=False).post(f"todos/{todo['id']}/decompose/", body, Idempotency_Key="k")
        statuses.append(response.status_code)
        connections.close_all()

    threads = [Thread(target=post) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert 201 in statuses
    assert set(statuses) <= {201, 503}
    assert Todo.objects.count() == 5
    assert IdempotencyKey.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_neither_is_half_made(ada: User, workspace: Path) -> None:
    api = Api(token_of(ada, "operator", commands=True))
    todo = made(api, content="Ship it")
    proposals = [decomposing.propose(for_person(ada), Todo.objects.get(pk=todo["id"]), "files", {}) for _ in range(2)]
    decomposing.make(for_person(ada), Todo.objects.get(pk=todo["id"]), proposals[0])
    with pytest.raises(Conflict, match="has changed meanwhile, decompose it again"):
        decomposing.make(for_person(ada), Todo.objects.get(pk=todo["id"]), proposals[1])
    assert Todo.objects.count() == 5


# ---- real work ----


@pytest.mark.django_db(transaction=True)  # workers read results on connections of their own
@pytest.mark.parametrize(
    ("strategy", "options"),
    [
        ("files", {}),
        ("files", {"batches": 2}),
        ("modules", {}),
        ("codebase", {}),
        pytest.param("files", {"batches": 1, "command": 'test "$ABREAST_PATHS"'}, marks=RUNS_COMMANDS),
    ],
)
def test_what_is_made_is_carried_out(
    api: Api, stage: Stage, workspace: Path, strategy: str, options: dict[str, Any]
) -> None:
    todo = made(api, content="Ship it")
    assert decompose(api, todo, strategy, preview=False, **options).status_code == 201
    run = actions.start(Todo.objects.get(pk=todo["id"]), actions.Options())
    stage.ledger.wake(run.pk)
    for _ in range(500):
        run.refresh_from_db()
        if run.status in ("completed", "failed"):
            break
        stage.ledger.turn()
    assert run.status == "completed", list(run.subtasks.values_list("key", "status", "error"))
    if strategy == "codebase":
        summary: Any = run.subtasks.get(key="summary").result
        assert (summary["files"], summary["imports"], summary["read"]["files"]) == (4, 1, 4)
        assert summary["most_imported"] == [{"path": "app/models.py", "importers": 1}]
