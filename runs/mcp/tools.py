"""Which operations of the API are tools, and what each takes: read off the OpenAPI document, so that both agree."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import quote, urlencode

from mcp_types import Tool, ToolAnnotations

from todos.rest.document import document

Json = dict[str, Any]

_COMPONENTS = "#/components/schemas/"
_BODY_LIST = "items"


@dataclass(frozen=True, slots=True)
class Route:
    """A tool: one operation. `query`: what of its query string an agent needs; all of its path and body is offered."""

    name: str
    says: str
    method: str
    path: str
    query: tuple[str, ...] = ()
    undoes: bool = False
    reads: bool = False  # though it is a POST

    @property
    def address(self) -> str:
        return f"/api/v1{self.path}"


_OF = "/attempts/{attempt}/"

ROUTES = (
    Route("create_todo", "Makes a todo, with subtasks if you name some.", "POST", "/todos/"),
    Route("list_todos", "The todos there are.", "GET", "/todos/", ("root", "status", "q", "limit", "cursor")),
    Route("get_todo", "A todo with all below it.", "GET", "/todos/{todo}/tree/"),
    Route("update_todo", "Changes the fields of a todo that you send.", "PATCH", "/todos/{todo}/"),
    Route("add_subtasks", "Adds subtasks to a todo.", "POST", "/todos/{todo}/subtasks/"),
    Route(
        "decompose_todo",
        "Splits a todo into subtasks; with preview, only shows them.",
        "POST",
        "/todos/{todo}/decompose/",
    ),
    Route(
        "plan_todo",
        "What a run would do: order, agents, time; changes nothing.",
        "POST",
        "/todos/{todo}/plan/",
        reads=True,
    ),
    Route("run_todo", "Starts a run of a todo.", "POST", "/todos/{todo}/run/"),
    Route("list_runs", "Runs, newest first.", "GET", "/runs/", ("status", "todo", "q", "limit", "cursor")),
    Route("get_run", "A run.", "GET", "/runs/{run}/"),
    Route(
        "get_progress",
        "How far a run is. With `after` (a seq you saw) and `wait` (seconds) it answers when there is news.",
        "GET",
        "/runs/{run}/progress/",
        ("after", "wait"),
    ),
    Route(
        "list_subtasks",
        "The subtasks of a run, and what each waits for.",
        "GET",
        "/runs/{run}/subtasks/",
        ("status", "q", "limit", "cursor"),
    ),
    Route("get_subtask", "A subtask of a run with its attempts.", "GET", "/runs/{run}/subtasks/{key}/"),
    Route(
        "get_events", "What happened in a run after a seq.", "GET", "/runs/{run}/events/", ("after", "topic", "limit")
    ),
    Route("pause_run", "Stops handing out work of a run; what is under way goes on.", "POST", "/runs/{run}/pause/"),
    Route("resume_run", "Goes on with a paused run.", "POST", "/runs/{run}/resume/"),
    Route("cancel_run", "Cancels a run.", "POST", "/runs/{run}/cancel/", undoes=True),
    Route("retry_run", "Runs again what was not completed.", "POST", "/runs/{run}/retry/"),
    Route("add_to_run", "Adds subtasks to a run that has not ended.", "POST", "/runs/{run}/subtasks/"),
    Route("register_agent", "Registers you as an agent, once, before you lease work.", "POST", "/agents/"),
    Route(
        "lease_work", "Gives you subtasks to do; with `wait_seconds` waits until there are some.", "POST", "/leases/"
    ),
    Route(
        "heartbeat", "Keeps your lease, every 5 s; says how far you are, gives you orders.", "POST", _OF + "heartbeat/"
    ),
    Route("complete_work", "Ends an attempt of yours well, with its result.", "POST", _OF + "complete/"),
    Route("fail_work", "Ends an attempt of yours: it went wrong.", "POST", _OF + "fail/"),
    Route("release_work", "Hands an attempt of yours back, unharmed.", "POST", _OF + "release/"),
    Route("ask_person", "Puts a question to a person; the answer comes with a heartbeat.", "POST", _OF + "ask/"),
    Route("report_own_work", "Makes a run of work you do and report yourself (`backend` tracked).", "POST", "/runs/"),
    Route("report_progress", "Says where subtasks of your own work stand.", "POST", "/runs/{run}/reports/"),
    Route(
        "answer_question", "Answers what an agent or an approval asks.", "POST", "/runs/{run}/subtasks/{key}/answer/"
    ),
)


@dataclass(frozen=True, slots=True)
class Call:
    """A tool's arguments as a request."""

    method: str
    path: str
    query: str
    body: Any


@cache
def routes() -> Mapping[str, Route]:
    return {route.name: route for route in ROUTES}


@cache
def tools() -> list[Tool]:
    return [_tool(route) for route in ROUTES]


def call(route: Route, arguments: Json) -> Call:
    """Parts of the path and of the query are taken out; the rest is the body, as it is."""
    left = dict(arguments)
    parts = {name: quote(str(left.pop(name, "")), safe="") for name in _names(route, "path")}
    query = {name: _in_a_query(left.pop(name)) for name in route.query if name in left}
    body = left.pop(_BODY_LIST) if _takes_list(route) and set(left) == {_BODY_LIST} else left
    has_body = "requestBody" in _operation(route)
    return Call(route.method, route.address.format(**parts), urlencode(query), body if has_body or left else None)


def _in_a_query(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _operation(route: Route) -> Json:
    found: Json = document()["paths"][route.address][route.method.lower()]
    return found


def _names(route: Route, place: str) -> list[str]:
    return [parameter["name"] for parameter in _operation(route)["parameters"] if parameter["in"] == place]


def _takes_list(route: Route) -> bool:
    return "anyOf" in _body(route)


def _body(route: Route) -> Json:
    content: Json = _operation(route).get("requestBody", {}).get("content", {})
    for kind in content.values():
        schema: Json = kind["schema"]
        return schema
    return {}


def _tool(route: Route) -> Tool:
    reads = route.reads or route.method == "GET"
    hints = ToolAnnotations(read_only_hint=reads, destructive_hint=route.undoes, open_world_hint=False)
    return Tool(name=route.name, description=route.says, input_schema=_input(route), annotations=hints)


def _input(route: Route) -> Json:
    """One object for path, query and body, with the definitions it refers to."""
    properties: Json = {}
    required: list[str] = []
    for parameter in _operation(route)["parameters"]:
        if parameter["in"] == "path" or parameter["name"] in route.query:
            properties[parameter["name"]] = parameter["schema"]
            required += [parameter["name"]] if parameter.get("required") else []
    body = _body(route)
    if "anyOf" in body:
        properties[_BODY_LIST] = body["anyOf"][1]
        required.append(_BODY_LIST)
    elif body:
        model = _component(body["$ref"])
        properties |= model.get("properties", {})
        required += model.get("required", [])
    schema = {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
    return _moved(schema) | _definitions(schema)


def _component(reference: str) -> Json:
    found: Json = document()["components"]["schemas"][reference.removeprefix(_COMPONENTS)]
    return found


def _definitions(schema: Json) -> Json:
    """All components that it needs, directly or through others."""
    found: Json = {}
    waiting = _references(schema)
    while waiting:
        reference = waiting.pop()
        name = reference.removeprefix(_COMPONENTS)
        if name not in found:
            found[name] = _moved(_component(reference))
            waiting += _references(_component(reference))
    return {"$defs": found} if found else {}


def _references(part: Any) -> list[str]:
    if isinstance(part, dict):
        own = [part["$ref"]] if isinstance(part.get("$ref"), str) else []
        mapped = list(part.get("mapping", {}).values()) if "propertyName" in part else []
        return own + mapped + [found for value in part.values() for found in _references(value)]
    return [found for value in part for found in _references(value)] if isinstance(part, list) else []


def _moved(part: Any) -> Any:
    """The same with references into `$defs`."""
    if isinstance(part, dict):
        return {name: _moved(value) for name, value in part.items()}
    if isinstance(part, list):
        return [_moved(value) for value in part]
    return part.replace(_COMPONENTS, "#/$defs/") if isinstance(part, str) else part
