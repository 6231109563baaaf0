"""A decomposition that cannot be: refused at the field that is wrong, and nothing is made."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User

from runs.executors import sandbox
from runs.making import decomposing
from tests.factories import Api, person, pointers, token_of
from tests.runs.api.conftest import RUNS_COMMANDS, decompose
from todos.models import Todo

CIRCLE = """[{"key":"a","content":"a","depends_on":["b"]},{"key":"b","content":"b","depends_on":["a"]}]"""

WRONG: list[tuple[str, dict[str, Any], str]] = [
    *(
        (strategy, {"colour": 1}, "/options/colour")
        for strategy in ("files", "layers", "phases", "modules", "codebase")
    ),
    *((strategy, {"folder": "nowhere"}, "/options/folder") for strategy in ("files", "modules", "codebase")),
    *((strategy, {"folder": "../.."}, "/options/folder") for strategy in ("files", "modules", "codebase")),
    ("files", {"folder": "/etc"}, "/options/folder"),
    ("files", {"folder": ""}, "/options/folder"),
    ("files", {"folder": 1}, "/options/folder"),
    ("files", {"folder": None}, "/options/folder"),
    ("files", {"include": "*.py"}, "/options/include"),
    ("files", {"include": ["*.py", ""]}, "/options/include/1"),
    ("files", {"include": ["!"]}, "/options/include/0"),
    ("files", {"include": ["a\nb"]}, "/options/include/0"),
    ("files", {"include": ["*.nothing"]}, "/options/folder"),
    ("files", {"exclude": ["x"] * 101}, "/options/exclude"),
    ("files", {"gitignore": "yes"}, "/options/gitignore"),
    ("files", {"files": ["a", "a"]}, "/options/files"),
    ("files", {"files": ["../a"]}, "/options/files/0"),
    ("files", {"files": ["README.md", "app"]}, "/options/files/1"),
    ("files", {"files": [""]}, "/options/files/0"),
    ("files", {"batches": 0}, "/options/batches"),
    ("files", {"batches": 1_001}, "/options/batches"),
    ("files", {"batches": 1.5}, "/options/batches"),
    ("files", {"batches": True}, "/options/batches"),
    ("files", {"work": "magic"}, "/options/work"),
    ("files", {"command": ""}, "/options/command"),
    ("files", {"seconds_per_file": -1}, "/options/seconds_per_file"),
    ("features", {}, "/options/features"),
    ("features", {"features": []}, "/options/features"),
    ("features", {"features": ["a", 7]}, "/options/features/1"),
    ("features", {"features": ["a", "a"]}, "/options/features/1/name"),
    ("features", {"features": [{"name": " "}]}, "/options/features/0/name"),
    ("features", {"features": [{"name": "a", "estimated_seconds": "1"}]}, "/options/features/0/estimated_seconds"),
    ("features", {"features": [{"name": "a", "depends_on": ["b"]}]}, "/options/features/0/depends_on/0"),
    ("features", {"features": [{"name": "a", "depends_on": ["a"]}]}, "/options"),
    ("features", {"features": ["a"], "qa": 7}, "/options/qa"),
    ("features", {"features": [{"name": "a", "files": ["x", "x"]}]}, "/options/features/0/files"),
    ("features", {"features": [f"f{at}" for at in range(10_000)]}, "/options/features"),
    ("layers", {"layers": []}, "/options/layers"),
    ("layers", {"layers": ["a", "a"]}, "/options/layers/1/name"),
    ("layers", {"layers": [{"name": "a", "tasks": [1]}]}, "/options/layers/0/tasks/0"),
    ("layers", {"layers": [{"name": "a", "depends_on": ["z"]}]}, "/options/layers/0/depends_on/0"),
    ("layers", {"in_order": 1}, "/options/in_order"),
    ("phases", {"phases": [{"name": "a", "tasks": []}]}, "/options/phases/0/tasks"),
    ("phases", {"phases": ["a"]}, "/options/phases/0"),
    ("phases", {"subject": ""}, "/options/subject"),
    ("modules", {"order": "random"}, "/options/order"),
    ("modules", {"order": "imported_first", "batches": 2}, "/options/order"),
    ("modules", {"by": "line"}, "/options/by"),
    ("modules", {"include": ["*.nothing"]}, "/options/include"),
    ("codebase", {"depth": 5}, "/options/depth"),
    ("codebase", {"patterns": ["("]}, "/options/patterns/0"),
    ("codebase", {"patterns": []}, "/options/patterns"),
    ("codebase", {"top": 0}, "/options/top"),
    ("command", {}, "/options/command"),
    ("command", {"command": []}, "/options/command"),
    ("command", {"command": 7}, "/options/command"),
    ("command", {"command": [""]}, "/options/command/0"),
    ("command", {"command": "x", "timeout_seconds": 0}, "/options/timeout_seconds"),
    ("command", {"command": "x", "timeout_seconds": 601}, "/options/timeout_seconds"),
    ("command", {"command": "exit 3"}, "/options/command"),
    ("command", {"command": "echo rubbish"}, "/options/command"),
    ("command", {"command": "yes"}, "/options/command"),
    ("command", {"command": "sleep 60", "timeout_seconds": 0.3}, "/options/command"),
    ("command", {"command": """echo '[{"content": "a", "key": "read"}]'"""}, "/options/command"),
    ("command", {"command": """echo '[{"content": "a", "depends_on": ["b"]}]'"""}, "/options/command"),
    ("command", {"command": f"echo '{CIRCLE}'"}, "/options/command"),
    (
        "command",
        {"command": """echo '[{"content": "a", "status": "completed", "subtasks": [{"content": "b"}]}]'"""},
        "/options/command",
    ),
]


@pytest.mark.parametrize(("strategy", "options", "pointer"), WRONG)
def test_a_wrong_option_is_named_and_nothing_is_made(
    api: Api, todo: dict[str, Any], strategy: str, options: dict[str, Any], pointer: str
) -> None:
    response = decompose(api, todo, strategy, preview=False, **options)
    assert response.status_code == 422
    assert pointer in pointers(response), response.content
    assert Todo.objects.count() == 2


def test_what_a_program_got_wrong_is_said_with_the_place(api: Api, todo: dict[str, Any]) -> None:
    response = decompose(api, todo, "command", command="""echo '[{"content": "a"}, {"content": 1}]'""")
    if sandbox.mode()[0] is not sandbox.Mode.OFF:
        assert (
            response.json()["detail"]
            == "what the program printed, at /subtasks/1/content: input should be a valid string"
        )


@pytest.mark.parametrize(
    ("strategy", "options", "pointer"),
    [
        ("files", {"command": "ls"}, "/options/0/executor"),
        ("files", {"batches": 1}, "/options/0/executor"),
        ("codebase", {}, "/options/0/subtasks/0/executor"),
        ("features", {"features": [{"name": "a", "command": "ls"}]}, "/options/0/executor"),
        ("command", {"command": "touch ran"}, "/options/command"),
    ],
)
def test_commands_need_the_permission(
    ada: User, todo: dict[str, Any], workspace: Path, strategy: str, options: dict[str, Any], pointer: str
) -> None:
    response = decompose(Api(token_of(ada, "operator")), todo, strategy, preview=False, **options)
    assert (response.status_code, pointers(response)[0]) == (403, pointer)
    assert not (workspace / "ran").exists()
    assert Todo.objects.count() == 2


def test_without_the_permission_files_can_be_read(ada: User, todo: dict[str, Any]) -> None:
    assert decompose(Api(token_of(ada, "operator")), todo, "files", preview=False).status_code == 201


def test_others_see_nothing(todo: dict[str, Any]) -> None:
    response = decompose(Api(token_of(person("eve"), "operator")), todo, "files")
    assert response.status_code == 404


@RUNS_COMMANDS
def test_a_program_may_not_make_what_its_token_may_not(api: Api, todo: dict[str, Any]) -> None:
    deep = json.dumps([{"content": "1", "subtasks": [{"content": "2", "subtasks": [{"content": "3"}]}]}])
    assert decompose(api, todo, "command", command=["printf", "%s", deep]).status_code == 200
    below = {"id": todo["subtasks"][0]["id"]}
    for _ in range(4):
        below = api.post(f"todos/{below['id']}/subtasks/", {"content": "deeper"}).json()
        below = below[0] if isinstance(below, list) else below
    response = decompose(api, below, "command", preview=False, command=["printf", "%s", deep])
    assert (response.status_code, pointers(response)) == (422, ["/options/command"])


def test_only_so_many_are_decomposed_at_a_time(api: Api, todo: dict[str, Any]) -> None:
    for _ in range(decomposing.AT_ONCE):
        assert decomposing._places.acquire(blocking=False)
    try:
        response = decompose(api, todo, "files")
        assert (response.status_code, response.headers["Retry-After"]) == (503, "1")
    finally:
        decomposing._places.release(decomposing.AT_ONCE)
    assert decompose(api, todo, "files").status_code == 200
