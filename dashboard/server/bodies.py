"""Bodies are bounded while they come in: Django itself would spool one of any size before anybody looks at it."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from django.urls import Resolver404, resolve

from todos.problems import TooLarge
from todos.rest.answering import problem
from todos.rest.operation import MEBIBYTE, operation_of

Scope = dict[str, Any]
Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class BoundedBodies:
    """ASGI middleware: answers 413 as soon as a body is larger than what its operation takes, 1 MiB for all else."""

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        body = _Body(scope, receive)
        if body.is_too_large(_announced(scope)):
            return await _refuse(send)
        answering = False

        async def note(message: Message) -> None:
            nonlocal answering
            answering = True
            await send(message)

        await self.app(scope, body.receive, note)
        if body.cut and not answering:
            await _refuse(send)
        return None


class _Body:
    """Counts what comes in. Past the limit the application hears that the client has gone, and gives up."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self._scope = scope
        self._receive = receive
        self._size = 0
        self.cut = False

    def is_too_large(self, size: int) -> bool:
        # Which operation it is for only matters to the few that are large.
        return size > MEBIBYTE and size > _max_bytes(self._scope)

    async def receive(self) -> Message:
        message = await self._receive()
        self._size += len(message.get("body", b""))
        if self.is_too_large(self._size):
            self.cut = True
            return {"type": "http.disconnect"}
        return message


def _announced(scope: Scope) -> int:
    sizes = [value for name, value in scope["headers"] if name == b"content-length"]
    return max((int(size) for size in sizes if size.isdigit() and len(size) < 19), default=0)


def _max_bytes(scope: Scope) -> int:
    try:
        view = resolve(scope["path"]).func
    except Resolver404:
        return MEBIBYTE
    operation = operation_of(getattr(view, "cls", None), scope["method"])
    return operation.max_bytes if operation else MEBIBYTE


async def _refuse(send: Send) -> None:
    response = problem(TooLarge("The body is larger than what is taken here."))
    response["Connection"] = "close"
    response["Content-Length"] = str(len(response.content))
    headers = [(name.lower().encode(), value.encode()) for name, value in response.items()]
    await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
    await send({"type": "http.response.body", "body": response.content})
