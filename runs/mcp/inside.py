"""Calls the application from inside, as if the request had come from outside: the same guards and checks see it."""

import asyncio
import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Application = Callable[[Any, Any, Any], Awaitable[None]]

_KEPT_HEADERS = (b"host", b"authorization")


async def ask(application: Application, outer: Scope, method: str, path: str, query: str, body: Any) -> tuple[int, Any]:
    """Status and JSON of the answer, on behalf of whoever sent the outer request."""
    content = b"" if body is None else json.dumps(body).encode()
    headers = [(name, value) for name, value in outer["headers"] if name in _KEPT_HEADERS]
    if content:
        headers += [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode())]
    scope = dict(outer) | {"method": method, "path": path, "raw_path": path.encode(), "query_string": query.encode()}
    return await _exchange(application, scope | {"headers": headers}, content)


async def _exchange(application: Application, scope: Scope, content: bytes) -> tuple[int, Any]:
    sent: list[Message] = []
    over = asyncio.Event()
    requests = iter([{"type": "http.request", "body": content, "more_body": False}])

    async def receive() -> Message:
        if message := next(requests, None):
            return message
        await over.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    try:
        await application(scope, receive, send)
    finally:
        over.set()
    text = b"".join(message.get("body", b"") for message in sent)
    return sent[0]["status"], json.loads(text) if text else None
