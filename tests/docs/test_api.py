"""`docs/api.md` lists every route, and its examples are sent: what is answered is what it says."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib.auth.models import User

from dashboard import asgi
from dashboard.sockets import consumers
from runs.models import Scope
from tests.docs.reading import Fence, fences, section, tables, text_of, words
from tests.factories import Api, token_of
from todos.rest.document import document

DOCUMENT = "docs/api.md"
ORDER = ["viewer", "agent", "operator", "admin"]


# ---- routes ----


def routes() -> dict[tuple[str, str], list[str]]:
    """Every operation of the OpenAPI document, with its scopes."""
    found = {
        (method.upper(), path): sorted(operation["x-scopes"], key=ORDER.index)
        for path, methods in document()["paths"].items()
        for method, operation in methods.items()
    }
    return found | {("GET", "/api/v1/docs/"): ["viewer", "operator", "admin"]}  # a page: it describes, and is not in it


def listed() -> list[list[str]]:
    return tables(section(DOCUMENT, "Every route"))[0]


def test_every_route_is_listed_once_and_no_other() -> None:
    rows = [(row[0], words(row[1])[0]) for row in listed()]
    assert sorted(rows) == sorted(routes())


def test_scopes_are_those_of_the_operations() -> None:
    """The least scope is named; operators may what viewers may, and agents what names them."""
    for method, path, scope, _ in listed():
        least, *agents = scope.split(", ")
        may = set(ORDER[ORDER.index(least) :]) - {"agent"} | set(agents)
        assert may == set(routes()[method, words(path)[0]]), f"{method} {path}"


def test_every_parameter_of_a_query_is_named_with_its_route() -> None:
    everywhere = {"limit", "cursor"}
    for method, path, _, says in listed():
        operation = document()["paths"].get(words(path)[0], {}).get(method.lower(), {})
        names = {one["name"] for one in operation.get("parameters", []) if one["in"] == "query"} - everywhere
        named = {word.split("=")[0] for word in words(says)} | ({"ordering"} if "ordering by" in says else set())
        assert names - named == set(), f"{method} {path}"


def test_every_status_that_refuses_is_explained() -> None:
    [rows] = tables(section(DOCUMENT, "Errors"))
    operations = [one for methods in document()["paths"].values() for one in methods.values()]
    statuses = {status for one in operations for status in one["responses"] if status >= "400"}
    assert statuses <= {row[0] for row in rows}


def test_every_scope_is_explained() -> None:
    [rows] = tables(section(DOCUMENT, "Scopes"))
    assert {words(row[0])[0] for row in rows} == set(Scope.values)


def test_every_socket_and_every_code_is_listed() -> None:
    paths, codes = tables(section(DOCUMENT, "Sockets"))
    listed_paths = {words(row[0])[0].partition("?")[0].removeprefix("/") for row in paths}
    routed = {re.sub(r"<\w+:run_id>", "{run}", str(route.pattern)) for route in asgi.sockets.routes} - {""}
    assert listed_paths == routed
    named = {consumers.UNAUTHENTICATED, consumers.FORBIDDEN, consumers.TRY_LATER, consumers.FAULT}
    assert {int(row[0]) for row in codes} == named


# ---- examples ----


@dataclass(frozen=True, slots=True)
class Example:
    """A request as it is documented, and what is to be answered."""

    method: str
    path: str
    body: Any
    status: int
    answer: Any
    where: str


def examples() -> Iterator[Example]:
    blocks = fences(DOCUMENT, "http")
    assert len(blocks) % 2 == 0, "each request is followed by its answer"
    for asked, answered in zip(blocks[::2], blocks[1::2]):
        (method, path), body = _parts(asked)
        (version, status), answer = _parts(answered)
        assert version == "HTTP/1.1" and status.isdecimal(), answered.where
        yield Example(method, path.removeprefix("/api/v1/"), body, int(status), answer, asked.where)


def _parts(block: Fence) -> tuple[list[str], Any]:
    head, _, body = block.text.partition("\n\n")
    return head.split(), json.loads(body) if body.strip() else None


# What another server would answer otherwise: the numbers of things.
IDS = {"id", "run", "todo", "attempt"}


def assert_shows(shown: Any, found: Any, where: str) -> None:
    """All that is shown is there: objects may have more fields, everything else is the same."""
    if isinstance(shown, dict):
        assert isinstance(found, dict), where
        for name, value in shown.items():
            assert name in found, f"{where}/{name} is not there"
            if name not in IDS or value is None:
                assert_shows(value, found[name], f"{where}/{name}")
    elif isinstance(shown, list):
        assert isinstance(found, list) and len(found) == len(shown), where
        for at, (one, other) in enumerate(zip(shown, found)):
            assert_shows(one, other, f"{where}/{at}")
    else:
        assert (shown, type(shown)) == (found, type(found)), where


class Session:
    """Sends one example after the other; ids of the document stand for those of this database."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.ids: dict[str, str] = {}

    def send(self, example: Example) -> None:
        path, _, query = re.sub(r"\b\d+\b", lambda at: self.ids.get(at[0], at[0]), example.path).partition("?")
        # Nobody works here, so nothing would come to be waited for.
        asked: dict[str, Any] = dict(part.split("=") for part in query.split("&") if part) | (
            {"wait": "0"} if "wait=" in query else {}
        )
        response = self.api.send(example.method, path, self._real(example.body), **asked)
        assert response.status_code == example.status, f"{example.where}: {response.content!r}"
        if example.answer is not None:
            found = response.json()
            assert_shows(example.answer, found, example.where)
            if response.status_code < 300:
                self._learn(example.answer, found)

    def _real(self, sent: Any, name: str = "") -> Any:
        """What is sent, with the ids of this database."""
        if isinstance(sent, dict):
            return {field: self._real(value, field) for field, value in sent.items()}
        if isinstance(sent, list):
            return [self._real(one) for one in sent]
        return self.ids.get(sent, sent) if name in IDS and isinstance(sent, str) else sent

    def _learn(self, shown: Any, found: Any) -> None:
        """Which ids stand for those of the document; the first that says so counts."""
        if isinstance(shown, dict):
            for name, value in shown.items():
                if name in IDS and isinstance(value, str):
                    self.ids.setdefault(value, found[name])
                self._learn(value, found[name])
        elif isinstance(shown, list):
            for one, other in zip(shown, found):
                self._learn(one, other)


def test_the_examples_are_answered_as_the_document_says(api: Api) -> None:
    session = Session(api)
    count = 0
    for example in examples():
        session.send(example)
        count += 1
    assert count >= 12


def test_a_wrong_answer_in_the_document_would_be_seen(api: Api) -> None:
    [first, *_] = [example for example in examples() if example.status == 201]
    wrong = Example(first.method, first.path, first.body, 201, first.answer | {"content": "another"}, "here")
    with pytest.raises(AssertionError, match="/content"):
        Session(api).send(wrong)
    unknown = Example(first.method, first.path, first.body, 201, {"nothing": None}, "here")
    with pytest.raises(AssertionError, match="nothing is not there"):
        Session(api).send(unknown)


def test_progress_in_the_socket_examples_has_fields_there_are(api: Api) -> None:
    there = set(document()["components"]["schemas"]["Progress"]["properties"])
    events = set(document()["components"]["schemas"]["EventOut"]["properties"])
    messages = [json.loads(fence.text) for fence in fences(DOCUMENT, "json")]
    assert {message["type"] for message in messages} == {"snapshot", "events"}
    for message in messages:
        assert set(message["progress"]) <= there
        assert all(set(event) == events for event in message.get("events", []))


def test_the_tree_of_the_readme_can_be_made_and_run(ada: User) -> None:
    api = Api(token_of(ada, "operator", commands=True))
    [tree] = [json.loads(fence.text) for fence in fences("README.md", "json")]
    todo = api.post("todos/", tree)
    assert todo.status_code == 201, todo.content
    run = api.post(f"todos/{todo.json()['id']}/run/").json()
    waits = {row["key"]: row["depends_on"] for row in api.get(f"runs/{run['id']}/subtasks/").json()["results"]}
    assert waits == {"format": [], "unit": [], "slow": [], "build": ["format", "unit", "slow"]}


def test_the_executors_of_the_guide_are_taken(api: Api) -> None:
    specs = [json.loads(fence.text) for fence in fences("docs/using.md", "json")]
    named = [spec for spec in specs if "name" in spec]
    assert len(named) >= 4
    for spec in named:
        assert api.post("todos/", {"content": "x", "executor": spec}).status_code == 201, spec


def test_the_guide_says_nothing_of_paths_that_are_not_there() -> None:
    """Paths in backticks, in any document, with their parameters in braces or as numbers."""
    patterns = [re.compile(re.sub(r"\{\w+\}", r"[^/]+", path) + r"\Z") for _, path in routes()]
    for name in ("README.md", "docs/api.md", "docs/using.md", "docs/settings.md"):
        for path in re.findall(r"`(?:[A-Z]+ )?(/api/v1/[^`?]*)", text_of(name)):
            assert path == "/api/v1/" or any(pattern.match(path) for pattern in patterns), f"{name}: {path}"
