"""Conditional requests (RFC 9110, section 13): If-None-Match on GET, If-Match on PATCH."""

import re

from django.http import HttpResponse, HttpResponseNotModified
from rest_framework.request import Request

_TAGS = re.compile(r'(?:W/)?("[^"]*")')
_VERSION = re.compile(r'"([0-9]{1,18})-[0-9a-f]+"')


def not_modified(request: Request, response: HttpResponse) -> HttpResponse:
    """The answer as it is, or 304 without a body when the client says it has it."""
    wanted = request.headers.get("If-None-Match", "")
    if wanted.strip() != "*" and response["ETag"] not in _TAGS.findall(wanted):
        return response
    unchanged = HttpResponseNotModified()
    unchanged["ETag"] = response["ETag"]
    unchanged["Cache-Control"] = response["Cache-Control"]
    return unchanged


def versions_expected(request: Request) -> frozenset[int] | None:
    """The versions that If-Match allows to be changed; None when the request does not say, or says any.

    A tag that is none of ours allows none.
    """
    wanted = request.headers.get("If-Match")
    if wanted is None or wanted.strip() == "*":
        return None
    return frozenset(int(found[1]) for tag in _TAGS.findall(wanted) if (found := _VERSION.fullmatch(tag)))
