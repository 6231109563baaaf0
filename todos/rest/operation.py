"""What a handler of an endpoint takes and answers, declared in one place.

    class Todos(Endpoint):
        @Operation({201: TodoTree}, body=TodoIn)
        def post(self, request: Request, body: TodoIn) -> TodoTree:
            return queries.tree(actions.create(self.principal, body))

The declaration reads and checks the body and the query string, renders what the handler returns, guards the handler by
scope, and writes the OpenAPI document: what is not declared cannot be taken, and what is answered beside it fails the
tests. A handler returns the data of the first status declared, or a pair (status, data).
"""

from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass
from functools import wraps
from types import GenericAlias
from typing import Any

from django.http.response import HttpResponseBase
from django.utils.cache import patch_cache_control
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.request import Request

from todos.problems import TooLarge
from todos.rest import reading, strict_json
from todos.rest.answering import JSON, answer, etag
from todos.rest.conditions import not_modified

MEBIBYTE = 1024 * 1024
READERS = frozenset({"viewer", "operator", "admin"})
WRITERS = frozenset({"operator", "admin"})
EVERYONE = frozenset({"viewer", "agent", "operator", "admin"})


@dataclass(frozen=True, slots=True)
class Raw:
    """An answer that its handler writes itself: it returns an HttpResponse. `Accept` is ignored.

    others: what else it may be, as its query asks. kind: the type of its data, where it is JSON.
    """

    media_type: str
    others: tuple[str, ...] = ()
    kind: Any = None


@dataclass(frozen=True, slots=True)
class Operation:
    """The declaration of one handler, and its decorator.

    answers: the type of the data by status (None: no body); the first is what a plain return value gets.
    body: the model the handler gets as `body`; with `many` a list of them is taken too.
    query: the model of the query string, which the handler gets as `query`.
    refusals: statuses it may answer with beyond those that follow from the rest: 409, 412, 429.
    scopes: who may call it; READERS for GET and WRITERS for all else when left out.
    one_run: a token narrowed to one run may call it too; the handler keeps it to that run.
    version: gives GET an ETag: the field of the answer that holds the object's version, "" when it has none.
    max_bytes: of the body.
    apart: its effect is committed elsewhere (by the ledger), or it waits: no transaction may stay open around it.
    """

    answers: Mapping[int, Any]
    _: KW_ONLY
    body: Any = None
    many: bool = False
    query: type[reading.Wire] | None = None
    refusals: tuple[int, ...] = ()
    scopes: frozenset[str] | None = None
    one_run: bool = False
    version: str | None = None
    max_bytes: int = MEBIBYTE
    apart: bool = False

    def __call__(self, handler: Callable[..., Any]) -> Callable[..., HttpResponseBase]:
        @wraps(handler)
        def handle(endpoint: Any, request: Request, **path: Any) -> HttpResponseBase:
            if self.body is not None:
                path["body"] = self._read_body(request)
            if self.query is not None:
                path["query"] = reading.read_query(self.query, request._request.GET)
            return self._respond(request, handler(endpoint, request, **path))

        handle.operation = self  # type: ignore[attr-defined]
        return handle

    def scopes_for(self, method: str) -> frozenset[str]:
        if self.scopes is not None:
            return self.scopes
        return READERS if method in {"GET", "HEAD"} else WRITERS

    @property
    def raw(self) -> bool:
        return any(isinstance(kind, Raw) for kind in self.answers.values())

    def _read_body(self, request: Request) -> Any:
        return self.read(read_json(request, self.max_bytes))

    def read(self, value: Any) -> Any:
        """The body as its model. Raises Invalid."""
        kind = GenericAlias(list, (self.body,)) if self.many and isinstance(value, list) else self.body
        return reading.read(kind, value)

    def _respond(self, request: Request, result: Any) -> HttpResponseBase:
        if isinstance(result, HttpResponseBase):
            return result
        status, data = result if isinstance(result, tuple) else (next(iter(self.answers)), result)
        response = answer(status, data)
        patch_cache_control(response, private=True, no_cache=True)
        if self.version is None or request.method not in {"GET", "HEAD"}:
            return response
        response["ETag"] = etag(response.content, data[self.version] if self.version else None)
        return not_modified(request, response)


def operation_of(view: Any, method: str | None) -> Operation | None:
    """What a view (or its class) declares for a method; None when it declares nothing."""
    handler = getattr(view, "get" if method == "HEAD" else (method or "").lower(), None)
    found: Operation | None = getattr(handler, "operation", None)
    return found


def read_json(request: Request, max_bytes: int) -> Any:
    """The body, strictly; `{}` when there is none. Not `request.data`: that takes a chunked body for an empty one."""
    content = request._request.body
    if not content:
        return {}
    if request._request.content_type != JSON:
        raise UnsupportedMediaType(request._request.content_type or "none")
    if len(content) > max_bytes:
        raise TooLarge(f"more than {max_bytes} bytes")
    return strict_json.loads(content)
