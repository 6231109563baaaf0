"""Holds every answer that a test gets against the OpenAPI document: an undocumented status or field is a failure."""

import json
import re
from functools import cache
from typing import Any

from django.http.response import HttpResponseBase, StreamingHttpResponse
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from todos.rest.document import document


def check(method: str, path: str, response: HttpResponseBase) -> None:
    """Fails when the document does not say that this path answers like this."""
    template, verb = _template(path.partition("?")[0]), "get" if method == "HEAD" else method.lower()
    if template is None or verb not in document()["paths"][template]:
        pointer = "/components/schemas/Problem"
        assert response.headers["Content-Type"] == "application/problem+json", f"{method} {path} is not documented"
    else:
        where = ["paths", template, verb, "responses", str(response.status_code)]
        described = _at(where)
        media_type = response.headers.get("Content-Type", "").partition(";")[0]
        documented = list(described.get("content", {}))
        assert media_type in documented or (not media_type and not documented), f"{media_type}, not {documented}"
        pointer = _pointer([*where, "content", media_type, "schema"]) if documented else ""
    if pointer and method != "HEAD" and _is_json(response):
        error = next(_validator(pointer).iter_errors(_data(response)), None)
        assert error is None, f"{method} {path}: {error.message} at {list(error.absolute_path)}"


def _data(response: HttpResponseBase) -> Any:
    """What it says; one that streams can still be read afterwards."""
    if not isinstance(response, StreamingHttpResponse):
        return response.json()  # type: ignore[attr-defined]
    content = response.getvalue()
    response.streaming_content = iter([content])
    return json.loads(content)


def _is_json(response: HttpResponseBase) -> bool:
    return response.headers["Content-Type"].partition(";")[0].endswith("json")


@cache
def _templates() -> list[tuple[re.Pattern[str], str]]:
    """Fixed paths before those with parameters."""
    paths = sorted(document()["paths"], key=lambda path: path.count("{"))
    return [(re.compile(re.sub(r"\{\w+\}", "[^/]+", path) + r"\Z"), path) for path in paths]


def _template(path: str) -> str | None:
    return next((template for pattern, template in _templates() if pattern.match(path)), None)


def _at(where: list[str]) -> Any:
    found = document()
    for part in where:
        assert part in found, f"the document has no {' '.join(where)}"
        found = found[part]
    return found


def _pointer(parts: list[str]) -> str:
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in parts)


@cache
def _validator(pointer: str) -> Draft202012Validator:
    resource = DRAFT202012.create_resource(document())
    registry = Registry().with_resource("urn:document", resource)
    return Draft202012Validator({"$ref": f"urn:document#{pointer}"}, registry=registry)
