"""What stands in paths: ids and keys. Anything else in their place is a path that is not there."""

from typing import Any

from django.urls import register_converter

from todos.plan.outline import KEY
from todos.rest.reading import ID_PATTERN
from todos.rest.strict_json import INT64


class _Id:
    regex = ID_PATTERN

    def to_python(self, text: str) -> int:
        if (number := int(text)) in INT64:
            return number
        raise ValueError(text)

    def to_url(self, value: Any) -> str:
        return str(value)


class _Key:
    regex = KEY.pattern.removesuffix(r"\Z")

    def to_python(self, text: str) -> str:
        return text

    def to_url(self, value: Any) -> str:
        return str(value)


register_converter(_Id, "id")
register_converter(_Key, "key")
