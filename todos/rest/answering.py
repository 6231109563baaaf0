"""From plain values to HTTP answers, and from what went wrong to RFC 9457 problems."""

import hashlib
import logging
from collections.abc import Mapping
from typing import Any

from django.core import exceptions as django_errors
from django.core.signals import got_request_exception
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from pydantic_core import to_json
from rest_framework import exceptions as drf_errors

from todos.problems import Busy, Conflict, Forbidden, Invalid, Missing, Refused, TooLarge
from todos.rest.strict_json import MAX_PROBLEMS

JSON = "application/json"
PROBLEM = "application/problem+json"

log = logging.getLogger(__name__)


def answer(status: int, data: Any) -> HttpResponse:
    """`data` as JSON; times become ISO 8601 with `Z`, what is no finite number becomes null. None has no body."""
    if data is None:
        empty = HttpResponse(status=status)
        del empty["Content-Type"]
        return empty
    return HttpResponse(to_json(data, inf_nan_mode="null"), status=status, content_type=JSON)


def problem(refused: Refused) -> HttpResponse:
    body = {
        "type": "about:blank",
        "title": refused.title,
        "status": refused.status,
        "detail": refused.detail,
        "errors": [{"pointer": one.pointer, "detail": one.detail} for one in refused.problems[:MAX_PROBLEMS]],
    }
    if isinstance(refused, Conflict):
        body["current"] = refused.current
    response = HttpResponse(to_json(body), status=refused.status, content_type=PROBLEM)
    if isinstance(refused, Busy):
        response["Retry-After"] = str(refused.retry_after_seconds)
    return response


def on_error(error: Exception, context: Mapping[str, Any]) -> HttpResponse:
    """REST framework's EXCEPTION_HANDLER: every error of an endpoint ends here."""
    if isinstance(error, drf_errors.APIException):
        return _framework_problem(error)
    refused = refusal(error)
    if refused is None:
        request: HttpRequest = context["request"]._request
        log.error("%s %s failed", request.method, request.path, exc_info=error)
        got_request_exception.send(sender=None, request=request)
        refused = fault()
    return problem(refused)


def fault() -> Refused:
    """What is said of a fault of ours."""
    return _refused(500, "Server error", "An error of the server; its log says more.")


def refusal(error: Exception) -> Refused | None:
    """What an exception says to whoever asked; None when it is a fault of ours."""
    if isinstance(error, Refused):
        return error
    if isinstance(error, Http404):
        return Missing("There is nothing here.")
    if isinstance(error, django_errors.PermissionDenied):
        return Forbidden(str(error) or "This is not allowed.")
    if isinstance(error, django_errors.RequestDataTooBig):
        return TooLarge("more bytes than are taken anywhere")
    if isinstance(error, django_errors.TooManyFieldsSent):
        return Invalid("more parameters than are taken anywhere")
    if isinstance(error, django_errors.SuspiciousOperation | MultiPartParserError):
        return Refused("The request cannot be read.")
    if isinstance(error, OperationalError | InterfaceError):
        log.warning("the database is busy or away: %s", error)
        return Busy("The database cannot take it just now.")
    return None


def _framework_problem(error: drf_errors.APIException) -> HttpResponse:
    detail = str(error.detail)
    response = problem(_refused(error.status_code, error.default_code.replace("_", " ").capitalize(), detail))
    if header := getattr(error, "auth_header", None):
        response["WWW-Authenticate"] = header
    return response


def _refused(status: int, title: str, detail: str) -> Refused:
    refused = Refused(detail)
    refused.status, refused.title = status, title
    return refused


def etag(content: bytes, version: int | None) -> str:
    """The tag of a representation. It begins with the version of the object, where that has one: `"3-5f0c…"`."""
    digest = hashlib.sha256(content).hexdigest()[:32]
    return f'"{digest}"' if version is None else f'"{version}-{digest}"'
