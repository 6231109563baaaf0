"""The OpenAPI document as an endpoint. The page beside it is drf-spectacular's."""

from functools import cache
from typing import Any

from drf_spectacular.generators import SchemaGenerator
from rest_framework.request import Request

from todos.rest.endpoint import Endpoint
from todos.rest.operation import EVERYONE, Operation


def make_document() -> dict[str, Any]:
    generator = SchemaGenerator()  # type: ignore[no-untyped-call]
    return dict(generator.get_schema(request=None, public=True))  # type: ignore[no-untyped-call]


@cache
def document() -> dict[str, Any]:
    """It follows from the code alone, so it is made once."""
    return make_document()


class Document(Endpoint):
    """This document."""

    @Operation({200: dict[str, Any]}, scopes=EVERYONE, one_run=True, version="")
    def get(self, request: Request) -> dict[str, Any]:
        return document()
