"""What stands in paths: ids, keys, and resources. Anything else in their place is a path that is not there."""

from typing import Any

from django.urls import register_converter

from todos.plan.outline import KEY
from todos.rest.reading import ID_PATTERN
from todos.rest.strict_json import INT64

MAX_NAME = 500


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


class _Kind(_Key):
    """Of a resource."""

    regex = "(?:file|api|database|memory|pool)"


class _Name(_Key):
    """Of a resource: any text but NUL, slashes too, and not only slashes and blanks."""

    regex = r"[^\x00]{0,500}[^\s\x00/][^\x00]{0,500}"

    def to_python(self, text: str) -> str:
        if len(text) <= MAX_NAME:
            return text
        raise ValueError(text)


register_converter(_Id, "id")
register_converter(_Key, "key")
register_converter(_Kind, "kind")
register_converter(_Name, "name")
