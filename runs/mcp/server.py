"""`/mcp`: streamable HTTP of the official SDK, without sessions: every request stands for itself.

Whoever calls shows a bearer token, and may do what the REST API lets it do.
"""

import json
from typing import Any

from asgiref.sync import sync_to_async
from django.db import close_old_connections
from mcp.server import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp_types import CallToolRequestParams, CallToolResult, ListToolsResult, TextContent

from runs.api.authentication import tokens
from runs.mcp import inside, tools
from runs.mcp.inside import Application, Scope

INSTRUCTIONS = (
    "Abreast carries out work that many agents do at once. Make a todo with subtasks, look at its plan, run it, and"
    " follow get_progress. Ids are strings; times are seconds."
)
_UNAUTHORIZED = {"type": "about:blank", "title": "Unauthorized", "status": 401, "detail": "a bearer token is needed"}


class Mcp:
    """ASGI. `application` serves the REST API."""

    def __init__(self, application: Application) -> None:
        self.application = application

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        if not await sync_to_async(_is_known)(scope):
            await _refuse(send)
            return
        manager = StreamableHTTPSessionManager(self._server(scope), json_response=True, stateless=True)
        async with manager.run():
            await manager.handle_request(scope, receive, send)

    def _server(self, scope: Scope) -> Server[dict[str, Any]]:
        async def list_tools(context: Any, params: Any) -> ListToolsResult:
            return ListToolsResult(tools=await sync_to_async(tools.tools)())

        async def call_tool(context: Any, params: CallToolRequestParams) -> CallToolResult:
            return await self._call(scope, params.name, params.arguments or {})

        return Server("abreast", instructions=INSTRUCTIONS, on_list_tools=list_tools, on_call_tool=call_tool)

    async def _call(self, scope: Scope, name: str, arguments: dict[str, Any]) -> CallToolResult:
        route = tools.routes().get(name)
        if route is None:
            return _result({"detail": f"there is no tool {name}"}, failed=True)
        call = await sync_to_async(tools.call)(route, arguments)
        status, answer = await inside.ask(self.application, scope, call.method, call.path, call.query, call.body)
        return _result(answer, failed=status >= 400)


def _result(answer: Any, *, failed: bool) -> CallToolResult:
    """Answers are structured content as they are; a list is an object's `results`."""
    content = {"results": answer} if isinstance(answer, list) else answer
    text = TextContent(type="text", text=json.dumps(content, ensure_ascii=False))
    return CallToolResult(content=[text], structured_content=content, is_error=failed)


def _is_known(scope: Scope) -> bool:
    header = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"authorization"), "")
    scheme, _, text = header.partition(" ")
    try:
        return scheme.lower() == "bearer" and tokens.principal(text.strip()) is not None
    finally:
        close_old_connections()


async def _refuse(send: Any) -> None:
    body = json.dumps(_UNAUTHORIZED | {"errors": []}).encode()
    headers = [(b"content-type", b"application/problem+json"), (b"content-length", str(len(body)).encode())]
    headers.append((b"www-authenticate", b"Bearer"))
    await send({"type": "http.response.start", "status": 401, "headers": headers})
    await send({"type": "http.response.body", "body": body})
