"""The official client of MCP against a real server."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult

from tests.server.process import Server

T = TypeVar("T")
Talk = Callable[[Client], Awaitable[T]]


def talk(server: Server, what: Talk[T], *, token: str | None = None, mode: str = "auto") -> T:
    """What comes of a conversation with the tools of this server."""

    async def whole() -> T:
        headers = {"Authorization": f"Bearer {token or server.token}"}
        async with (
            httpx2.AsyncClient(headers=headers, timeout=60) as http,
            Client(streamable_http_client(f"{server.url}/mcp", http_client=http), mode=mode) as client,
        ):
            return await what(client)

    return asyncio.run(whole())


def of(result: CallToolResult) -> Any:
    assert not result.is_error, result.structured_content
    return result.structured_content


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_a_todo_is_made_planned_run_and_followed_to_its_end(started: Server, mode: str) -> None:
    async def work(client: Client) -> dict[str, Any]:
        quick = {"name": "simulate", "seconds": 0.01}
        subtasks = [{"key": key, "content": key, "executor": quick} for key in "abc"]
        todo = of(await client.call_tool("create_todo", {"content": "By MCP", "subtasks": subtasks}))
        plan = of(await client.call_tool("plan_todo", {"todo": todo["id"], "max_agents": 2}))
        assert sorted(one["key"] for one in plan["schedule"]) == ["a", "b", "c"]
        run = of(await client.call_tool("run_todo", {"todo": todo["id"], "max_agents": 2}))
        progress: dict[str, Any] = {"seq": 0, "status": ""}
        while progress["status"] != "completed":
            asked = {"run": run["id"], "after": progress["seq"], "wait": 20}
            progress = of(await client.call_tool("get_progress", asked))
        subtasks = of(await client.call_tool("list_subtasks", {"run": run["id"], "status": ["completed"]}))
        assert subtasks["count"] == 3
        return progress

    assert talk(started, work, mode=mode)["completed"] == 3


def test_a_refusal_names_the_field_and_is_an_error_of_the_tool(started: Server) -> None:
    async def wrong(client: Client) -> list[CallToolResult]:
        asked: dict[str, dict[str, Any]] = {
            "create_todo": {"content": "Never made", "priority": 9},
            "get_run": {"run": "4711"},
            "launch_rocket": {},
        }
        return [await client.call_tool(name, arguments) for name, arguments in asked.items()]

    refused, missing, unknown = talk(started, wrong)
    assert refused.is_error
    assert refused.structured_content["status"] == 422
    assert refused.structured_content["errors"][0]["pointer"] == "/priority"
    assert missing.is_error
    assert missing.structured_content["status"] == 404
    assert unknown.is_error
    assert started.get("todos/?q=never")["count"] == 0


def test_a_token_may_do_by_mcp_what_it_may_by_rest(started: Server) -> None:
    viewer = started.manage("create_token", "looker", "--scope", "viewer").stdout.strip()

    async def look(client: Client) -> tuple[CallToolResult, CallToolResult]:
        return await client.call_tool("list_todos", {}), await client.call_tool("create_todo", {"content": "x"})

    allowed, refused = talk(started, look, token=viewer)
    assert not allowed.is_error
    assert refused.is_error
    assert refused.structured_content["status"] == 403


def test_without_a_token_nobody_gets_in(started: Server) -> None:
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    for headers in ({}, {"Authorization": "Bearer abr_o_" + "x" * 43}, {"Authorization": "Basic eDp5"}):
        answer = httpx2.post(f"{started.url}/mcp", json=message, headers=headers, timeout=60)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert "tools" not in answer.text


def test_rubbish_is_refused_and_breaks_nothing(started: Server) -> None:
    headers = {"Authorization": f"Bearer {started.token}", "Content-Type": "application/json"}
    headers["Accept"] = "application/json, text/event-stream"
    before = started.get("todos/")["count"]
    for body in (b"", b"[", b"[]", b"7", b"\xff", b'{"jsonrpc": "2.0"}', b"[" * 100_000):
        answer = httpx2.post(f"{started.url}/mcp", content=body, headers=headers, timeout=60)
        assert 400 <= answer.status_code < 500, body[:20]
    assert started.get("todos/")["count"] == before
