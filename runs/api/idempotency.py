"""Idempotency-Key: the same POST again gets the first answer again, and has its effect once.

The answer is stored in the transaction of the effect, so there is never one without the other. On a database with
concurrent writers the unique row of the key makes the second of two equal requests wait for the first. An operation
whose effect is committed elsewhere (`apart`) keeps no transaction open; its verb must be harmless to repeat.
"""

import hashlib
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone

from runs.api.authentication import whoever
from runs.models import IdempotencyKey
from todos.principal import Principal
from todos.problems import Busy, Invalid
from todos.rest.answering import problem, refusal
from todos.rest.endpoint import Endpoint
from todos.rest.operation import Operation, operation_of

LIFETIME = timedelta(hours=24)
MAX_LENGTH = 200

Respond = Callable[[], HttpResponse]


class IdempotencyKeys:
    """Middleware, the last one: it calls the view itself."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: tuple, kwargs: dict) -> HttpResponse | None:
        key = request.headers.get("Idempotency-Key")
        if key is None or request.method != "POST" or not issubclass(getattr(view, "cls", object), Endpoint):
            return None
        operation = operation_of(view.cls, "POST")
        try:
            principal = whoever(request)
            if operation is None or principal is None:
                return None
            return _once(operation, principal, key, _digest(request), lambda: view(request, *args, **kwargs))
        except Exception as error:
            refused = refusal(error)
            if refused is None:
                raise
            return problem(refused)


def _digest(request: HttpRequest) -> str:
    head = f"{request.method} {request.get_full_path()} {request.content_type}\n"
    return hashlib.sha256(head.encode() + request.body).hexdigest()


def _once(operation: Operation, principal: Principal, key: str, digest: str, respond: Respond) -> HttpResponse:
    if not 1 <= len(key) <= MAX_LENGTH:
        raise Invalid.at("/headers/Idempotency-Key", f"a key has 1 to {MAX_LENGTH} characters")
    row: dict[str, Any] = {"principal": principal.name, "key": key}
    return _apart(row, digest, respond) if operation.apart else _together(row, digest, respond)


def _together(row: dict[str, Any], digest: str, respond: Respond) -> HttpResponse:
    with transaction.atomic():
        IdempotencyKey.objects.filter(**row, created_at__lte=timezone.now() - LIFETIME).delete()
        blank = {"digest": digest, "status": 0, "body": b"", "content_type": ""}
        stored, fresh = IdempotencyKey.objects.get_or_create(**row, defaults=blank)
        if not fresh:
            return _replay(stored, digest)
        response = respond()
        if _is_final(response):
            IdempotencyKey.objects.filter(pk=stored.pk).update(**_content(response))
        else:
            transaction.set_rollback(True)
        return response


def _apart(row: dict[str, Any], digest: str, respond: Respond) -> HttpResponse:
    IdempotencyKey.objects.filter(**row, created_at__lte=timezone.now() - LIFETIME).delete()
    if stored := IdempotencyKey.objects.filter(**row).first():
        return _replay(stored, digest)
    response = respond()
    if not _is_final(response):
        return response
    content = _content(response)
    stored, fresh = IdempotencyKey.objects.get_or_create(**row, defaults={"digest": digest, **content})
    if fresh or (stored.digest, stored.body) == (digest, content["body"]):
        return response
    return _replay(stored, digest)  # another was quicker, and the first answer counts


@contextmanager
def kept(request: HttpRequest) -> Iterator[Callable[[HttpResponse], None]]:
    """One transaction for an effect and its answer, for an operation that is `apart` and must not be repeated: whoever
    has the effect calls what this gives with the answer. Raises Busy for the second of two equal requests at once.
    """
    key, principal = request.headers.get("Idempotency-Key"), whoever(request)
    with transaction.atomic():
        if key is None or principal is None:
            yield lambda response: None
            return
        row = {"principal": principal.name, "key": key}
        IdempotencyKey.objects.filter(**row, created_at__lte=timezone.now() - LIFETIME).delete()
        blank = {"status": 0, "body": b"", "content_type": ""}
        try:
            with transaction.atomic():
                stored = IdempotencyKey.objects.create(**row, digest=_digest(request), **blank)
        except IntegrityError:
            raise Busy("the same request has just been answered") from None

        def keep(response: HttpResponse) -> None:
            IdempotencyKey.objects.filter(pk=stored.pk).update(**_content(response))

        yield keep


def _is_final(response: HttpResponse) -> bool:
    """Whether another try would be answered alike: not when rights, limits or the server stood in the way."""
    return response.status_code < 500 and response.status_code not in {401, 403, 429}


def _content(response: HttpResponse) -> dict[str, Any]:
    return {
        "status": response.status_code,
        "body": zlib.compress(response.content, level=1),
        "content_type": response.headers.get("Content-Type", ""),
    }


def _replay(stored: IdempotencyKey, digest: str) -> HttpResponse:
    if stored.digest != digest:
        raise Invalid.at("/headers/Idempotency-Key", "this key came with another request before")
    response = HttpResponse(zlib.decompress(stored.body), status=stored.status, content_type=stored.content_type)
    response["Idempotent-Replay"] = "true"
    return response
