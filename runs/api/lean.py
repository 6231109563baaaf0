"""What agents ask for all the time, answered without Django's middleware and request objects: an ASGI application in
front of it.

It reads, checks and answers by the same operations and the same methods of the same endpoints; it only leaves out what
such requests have no use for. Whatever is not plain (a cookie's session, an Idempotency-Key, a query, another media
type, a token it has to refuse) it leaves to Django as it came.
"""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from types import SimpleNamespace
from typing import Any, TypeVar, cast

from django.core.exceptions import SynchronousOnlyOperation
from django.db import connection
from pydantic_core import to_json
from rest_framework.request import Request

from runs.api.attempts import AttemptComplete, AttemptHeartbeat
from runs.api.authentication import tokens
from runs.api.batches import ProgressReports
from runs.api.delivering import Delivering, to_deliver
from runs.api.leases import Leases
from runs.external import delivering
from runs.ledger import Ledger
from runs.orchestrating import orchestrator
from runs.reports import Report
from todos.principal import Principal
from todos.rest import answering, strict_json
from todos.rest.endpoint import Endpoint
from todos.rest.operation import Operation, operation_of
from todos.rest.reading import ID_PATTERN

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
App = Callable[[Any, Receive, Send], Awaitable[None]]

T = TypeVar("T")

THREADS = 32
MOST_BYTES = 65_536  # of a body that is read in the event loop, which stands still meanwhile

_ONE = rf"/api/v1/attempts/(?P<attempt>{ID_PATTERN})"
ROUTES: tuple[tuple[re.Pattern[str], type[Endpoint]], ...] = (
    (re.compile(f"{_ONE}/heartbeat/"), AttemptHeartbeat),
    (re.compile(f"{_ONE}/complete/"), AttemptComplete),
    (re.compile("/api/v1/leases/"), Leases),
    (re.compile("/api/v1/progress/"), ProgressReports),
)
# With these there is more to do than is done here.
_NOT_PLAIN = frozenset({b"idempotency-key", b"cookie", b"content-encoding", b"expect"})
_MUST_BE = {b"content-type": (b"application/json",), b"accept": (b"*/*", b"application/json")}

_FOUND = {"Content-Type": answering.JSON, "Cache-Control": "private, no-cache"}

log = logging.getLogger(__name__)


class NotPlain(Exception):
    """Django should answer this."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: what it is for, and by whose token."""

    kind: type[Endpoint]
    operation: Operation
    path: Mapping[str, int]
    token: str


class Lean:
    """`app` answers what is not plain. `headers` go with each answer."""

    def __init__(self, app: App, headers: Mapping[str, str]) -> None:
        self.app = app
        self._headers = headers
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="lean")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked, ledger = what_is_asked(scope), orchestrator.ledger()
        if asked is None or ledger is None:
            return await self.app(scope, receive, send)
        content = await whole(receive)
        if content is None:
            return None  # whoever asked has gone
        try:
            status, more, body = await self._answer(asked, content, ledger)
        except NotPlain:
            return await self.app(scope, replayed(content, receive), send)
        headers = {**self._headers, **more, "Content-Length": str(len(body))}
        encoded = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": status, "headers": encoded})
        await send({"type": "http.response.body", "body": body})
        return None

    async def _answer(self, asked: Asked, content: bytes, ledger: Ledger) -> tuple[int, dict[str, str], bytes]:
        try:
            told = await self._told(asked, content, ledger)
            return 200, _FOUND, to_json(told, inf_nan_mode="null")
        except NotPlain:
            raise
        except Exception as error:
            refused = answering.refusal(error)
            if refused is None:
                log.error("POST %s failed", asked.kind.__name__, exc_info=error)
                refused = answering.fault()
            response = answering.problem(refused)
            return response.status_code, dict(response.items()), response.content

    async def _told(self, asked: Asked, content: bytes, ledger: Ledger) -> Any:
        found = tokens.remembered(asked.token) or await self._in_thread(partial(tokens.principal, asked.token))
        endpoint = _endpoint(asked, found)
        if len(content) > MOST_BYTES:
            raise NotPlain
        body = asked.operation.read(strict_json.loads(content) if content else {})
        if isinstance(endpoint, Delivering):
            return await self._delivered(endpoint, partial(endpoint.reports, body, **asked.path), ledger)
        told = await self._in_thread(partial(endpoint.at_once, body, **asked.path))  # type: ignore[attr-defined]
        if told is None:
            raise NotPlain
        return told

    async def _delivered(self, endpoint: Delivering, read: Callable[[], list[Report]], ledger: Ledger) -> Any:
        try:
            reports = read()
        except SynchronousOnlyOperation:  # what is not remembered is looked up, which has no place in an event loop
            reports = await self._in_thread(read)
        await delivering.delivered(ledger, to_deliver(reports))
        return endpoint.told(reports)

    async def _in_thread(self, do: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, _with_connection, do)


def _with_connection(do: Callable[[], T]) -> T:
    try:
        return do()
    finally:
        connection.close()


def _endpoint(asked: Asked, principal: Principal | None) -> Endpoint:
    """As Django's view would be, when its handler is called. Raises NotPlain where it would not be."""
    if principal is None or principal.scope not in asked.operation.scopes_for("POST"):
        raise NotPlain
    if principal.run_id is not None and not asked.operation.one_run:
        raise NotPlain
    endpoint = asked.kind()
    endpoint.request = cast(Request, SimpleNamespace(auth=principal))
    return endpoint


def what_is_asked(scope: Scope) -> Asked | None:
    """None where it is not plain."""
    if scope["method"] != "POST" or scope["query_string"] or scope.get("root_path"):
        return None
    headers = dict(scope["headers"])
    if len(headers) != len(scope["headers"]) or not _NOT_PLAIN.isdisjoint(headers):
        return None
    if any(headers.get(name, allowed[0]) not in allowed for name, allowed in _MUST_BE.items()):
        return None
    word, _, token = headers.get(b"authorization", b"").partition(b" ")
    if word != b"Bearer" or b"content-type" not in headers:
        return None
    for pattern, kind in ROUTES:
        if found := pattern.fullmatch(scope["path"]):
            operation = operation_of(kind, "POST")
            path = {name: int(text) for name, text in found.groupdict().items()}
            plain = operation is not None and all(number in strict_json.INT64 for number in path.values())
            return Asked(kind, operation, path, token.decode("latin-1")) if plain and operation else None
    return None


async def whole(receive: Receive) -> bytes | None:
    """The body; None when whoever sends it goes away before its end."""
    parts: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


def replayed(content: bytes, receive: Receive) -> Receive:
    """The body once more, then what comes after it."""
    messages: list[Message] = [{"type": "http.request", "body": content, "more_body": False}]

    async def again() -> Message:
        return messages.pop() if messages else await receive()

    return again
