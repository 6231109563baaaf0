from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories import EXAMPLE, Api, all_pages, made, pointers, token_of


@pytest.fixture
def some(api: Api) -> list[str]:
    """Contents of five roots, one with two subtasks."""
    made(api, content="Apple", priority="low")
    made(api, content="banana", priority="high", status="completed")
    made(
        api,
        content="cherry",
        subtasks=[{"content": "Date", "key": "the-date"}, {"content": "elder", "status": "failed"}],
    )
    made(api, content="100%")
    made(api, content="éclair", priority="high")
    return ["Apple", "banana", "cherry", "100%", "éclair"]


def contents(api: Api, **query: Any) -> list[str]:
    return [todo["content"] for todo in all_pages(api, "todos/", **query)]


@pytest.mark.usefixtures("some")
@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, ["éclair", "100%", "elder", "Date", "cherry", "banana", "Apple"]),
        ({"root": "true"}, ["éclair", "100%", "cherry", "banana", "Apple"]),
        ({"root": "false"}, ["elder", "Date"]),
        ({"status": "completed"}, ["banana"]),
        ({"status": "completed,failed"}, ["elder", "banana"]),
        ({"priority": "high"}, ["éclair", "banana"]),
        ({"priority": "1,5"}, ["éclair", "banana", "Apple"]),
        ({"q": "AN"}, ["banana"]),
        ({"q": "%"}, ["100%"]),
        ({"q": "the-date"}, ["Date"]),
        ({"q": "nothing like it"}, []),
        ({"ordering": "created_at", "root": "true"}, ["Apple", "banana", "cherry", "100%", "éclair"]),
        ({"ordering": "priority", "root": "true"}, ["banana", "éclair", "cherry", "100%", "Apple"]),
        ({"ordering": "-priority", "root": "true"}, ["Apple", "100%", "cherry", "éclair", "banana"]),
        ({"ordering": "-content", "q": "a"}, ["éclair", "banana", "Date", "Apple"]),
        ({"limit": "1", "root": "true"}, ["éclair", "100%", "cherry", "banana", "Apple"]),
    ],
)
def test_the_list_is_filtered_and_ordered(api: Api, query: dict[str, str], found: list[str]) -> None:
    assert contents(api, **query) == found


def test_the_list_of_children_is_in_their_order(api: Api) -> None:
    todo = made(api, EXAMPLE)
    assert contents(api, parent=todo["id"], ordering="position") == ["Find the modules", "Lint"]
    assert contents(api, parent="999999") == []


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"status": "done"}, "/query/status/0"),
        ({"priority": "0"}, "/query/priority/0"),
        ({"priority": "urgent"}, "/query/priority/0"),
        ({"root": "1"}, "/query/root"),
        ({"parent": "x"}, "/query/parent"),
        ({"parent": "99999999999999999999"}, "/query/parent"),
        ({"q": "x" * 201}, "/query/q"),
        ({"q": "\0"}, "/query/q"),
        ({"ordering": "owner__password"}, "/query/ordering"),
        ({"page": "2"}, "/query/page"),
    ],
)
def test_a_wrong_filter_is_named(api: Api, query: dict[str, str], pointer: str) -> None:
    response = api.get("todos/", **query)
    assert (response.status_code, pointers(response)) == (422, [pointer])


def test_the_list_holds_what_is_mine_only(api: Api, eve: User) -> None:
    made(api, EXAMPLE)
    theirs = Api(token_of(eve, "admin"))
    assert theirs.get("todos/").json()["results"] == []
    made(theirs, content="Eve's")
    assert contents(api, root="true") == ["Review the code base"]


def queries_of(api: Api, path: str, **query: Any) -> int:
    api.get("todos/", limit=1)  # so that the token is remembered, for a second
    with CaptureQueriesContext(connection) as captured:
        assert api.get(path, **query).status_code == 200
    return len(captured)


def test_a_list_costs_the_same_queries_for_2_and_for_50_rows(api: Api) -> None:
    api.checked = False
    for _ in range(2):
        made(api, EXAMPLE)
    few = queries_of(api, "todos/", limit=50)
    for _ in range(48):
        made(api, EXAMPLE)
    assert queries_of(api, "todos/", limit=50) == few == 4
    assert queries_of(api, "todos/", limit=50, root="true") == few


def test_a_tree_costs_the_same_queries_whatever_its_size(api: Api) -> None:
    small, large = made(api, EXAMPLE), made(api, content="a", subtasks=[{"content": "b"}] * 600)
    assert queries_of(api, f"todos/{small['id']}/tree/") == queries_of(api, f"todos/{large['id']}/tree/") == 4
    assert queries_of(api, f"todos/{small['id']}/") == queries_of(api, f"todos/{large['id']}/") == 4
