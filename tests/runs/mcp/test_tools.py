from typing import Any

import jsonschema
import pytest
from mcp_types import ToolAnnotations

from runs.mcp import tools
from todos.rest.document import document

BY_NAME = {tool.name: tool for tool in tools.tools()}


@pytest.mark.parametrize("route", tools.ROUTES, ids=lambda route: route.name)
def test_every_tool_is_an_operation_of_the_api(route: tools.Route) -> None:
    operation = document()["paths"][route.address][route.method.lower()]
    offered = {one["name"] for one in operation["parameters"] if one["in"] == "query"}
    assert set(route.query) <= offered


@pytest.mark.parametrize("tool", BY_NAME.values(), ids=lambda tool: tool.name)
def test_every_tool_says_what_it_takes_in_a_schema_that_stands_alone(tool: Any) -> None:
    jsonschema.Draft202012Validator.check_schema(tool.input_schema)
    assert "#/components/" not in str(tool.input_schema)
    named = {name.removeprefix("#/$defs/") for name in tools._references(tool.input_schema)}
    assert named == set(tool.input_schema.get("$defs", {}))


def test_a_schema_lets_through_what_the_api_takes_and_nothing_else() -> None:
    schema = BY_NAME["create_todo"].input_schema
    jsonschema.validate({"content": "Review", "subtasks": [{"key": "a", "content": "A"}]}, schema)
    for wrong in ({}, {"content": "x", "colour": "red"}, {"content": "x", "priority": 9}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, schema)


def test_arguments_go_where_they_belong() -> None:
    routes = tools.routes()
    assert tools.call(routes["run_todo"], {"todo": "7", "max_agents": 2}) == tools.Call(
        "POST", "/api/v1/todos/7/run/", "", {"max_agents": 2}
    )
    assert tools.call(routes["list_todos"], {"root": True, "status": ["pending", "failed"]}) == tools.Call(
        "GET", "/api/v1/todos/", "root=true&status=pending%2Cfailed", None
    )
    assert tools.call(routes["add_subtasks"], {"todo": "7", "items": [{"content": "x"}]}) == tools.Call(
        "POST", "/api/v1/todos/7/subtasks/", "", [{"content": "x"}]
    )


def test_no_argument_leaves_its_place_in_the_path() -> None:
    assert tools.call(tools.routes()["get_run"], {"run": "../todos/7"}).path == "/api/v1/runs/..%2Ftodos%2F7/"


def hints(name: str) -> ToolAnnotations:
    found = BY_NAME[name].annotations
    assert found is not None
    return found


def test_only_what_cannot_be_taken_back_is_called_destructive() -> None:
    assert {name for name in BY_NAME if hints(name).destructive_hint} == {"cancel_run"}


def test_what_only_reads_says_so() -> None:
    reading = {name for name in BY_NAME if hints(name).read_only_hint}
    assert {"get_progress", "list_todos", "get_events", "plan_todo"} <= reading
    assert not {"create_todo", "run_todo", "answer_question"} & reading
