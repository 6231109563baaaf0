"""The judge of `make fuzz` finds what it is there to find."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runs.models import Run
from tests.fuzz.playing import Part, play
from tests.fuzz.roles import Role
from tests.fuzz.sample import IN_BODIES, IN_PATHS, Sample
from tests.fuzz.watch import Changes, Seen, Watched, changes

ANYBODY = Role("admin", {})


@pytest.fixture
def database(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(tmp_path / "some.sqlite3", check_same_thread=False)
    connection.execute("CREATE TABLE todos_todo (content TEXT)")
    connection.execute("CREATE TABLE runs_token (used TEXT)")
    yield connection
    connection.close()


@pytest.fixture
def noted(database: sqlite3.Connection, tmp_path: Path) -> Iterator[Changes]:
    with changes(tmp_path / "some.sqlite3") as found:
        yield found


async def no_application(scope: Any, receive: Any, send: Any) -> None:
    raise AssertionError("nobody asks it")


def judged(noted: Changes, method: str, status: int, *errors: str, strangers: bool = False) -> list[str]:
    """What is wrong with this answer to `{"list": [{}]}`, without the request."""
    watched = Watched(no_application, noted, strangers)
    answer = json.dumps({"errors": [{"pointer": pointer} for pointer in errors]}).encode()
    watched.judge(Seen(method, "/", b'{"list": [{}]}', status, answer))
    return [one.partition(":")[0] for one in watched.breaches]


def write(database: sqlite3.Connection, table: str) -> None:
    database.execute(f"INSERT INTO {table} VALUES ('x')")


@pytest.mark.parametrize(("method", "status"), [("POST", 409), ("POST", 503), ("GET", 200)])
def test_who_is_refused_or_only_looks_must_not_change_anything(
    noted: Changes, database: sqlite3.Connection, method: str, status: int
) -> None:
    write(database, "todos_todo")
    database.commit()
    assert judged(noted, method, status) == ["changed ['todos_todo']"]
    assert judged(noted, method, status) == []


def test_what_is_taken_back_has_changed_nothing_and_a_token_may_be_seen_used(
    noted: Changes, database: sqlite3.Connection
) -> None:
    write(database, "todos_todo")
    database.rollback()
    write(database, "runs_token")
    database.commit()
    assert judged(noted, "POST", 409) == []


def test_who_is_answered_may_have_changed_something(noted: Changes, database: sqlite3.Connection) -> None:
    write(database, "todos_todo")
    database.commit()
    assert judged(noted, "POST", 201) == []


def test_a_report_that_is_refused_may_have_done_what_was_due(noted: Changes, database: sqlite3.Connection) -> None:
    write(database, "todos_todo")
    database.commit()
    watched = Watched(no_application, noted)
    watched.judge(Seen("POST", "/api/v1/attempts/3/fail/", b"", 409))
    assert watched.breaches == []


@pytest.mark.parametrize(
    "pointer", ["", "/missing", "/list/0/missing", "/options/text", "/query/limit", "/headers/If-Match"]
)
def test_a_problem_may_be_what_is_there_or_missing_there(noted: Changes, pointer: str) -> None:
    assert judged(noted, "POST", 422, pointer) == []


@pytest.mark.parametrize("pointer", ["/missing/0", "/list/1/x", "/list/x/y"])
def test_a_problem_must_not_be_where_there_is_nothing(noted: Changes, pointer: str) -> None:
    assert judged(noted, "POST", 422, "/list", pointer) == [f"points to nothing, ['{pointer}']"]


def test_a_problem_must_be_somewhere(noted: Changes) -> None:
    assert judged(noted, "POST", 422) == ["does not say where"]


def test_strangers_must_not_be_let_in(noted: Changes) -> None:
    assert judged(noted, "GET", 200, strangers=True) == ["is no 401"]
    assert judged(noted, "GET", 401, strangers=True) == []


@pytest.mark.parametrize(
    ("status", "answer", "wrong"),
    [
        (500, {}, "not_a_server_error"),
        (418, {}, "status_code_conformance"),
        (200, {"results": 1}, "response_schema_conformance"),
    ],
)
def test_answers_that_the_document_does_not_know_are_found(
    noted: Changes, status: int, answer: dict[str, Any], wrong: str
) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(answer).encode()})

    watched = Watched(application, noted)
    part = Part("fuzzing", 2, ["GET /api/v1/todos/"], seed=1)
    nothing = Sample(Run(), {name: ["1"] for name in {*IN_PATHS, *IN_BODIES.values()}})
    found = play(part, ANYBODY, watched, nothing)
    assert wrong in {one.partition(" ")[0] for one in found}
    assert watched.statuses[status] >= 2
