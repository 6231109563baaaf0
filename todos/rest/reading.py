"""From what was sent to typed values, or Invalid with a JSON Pointer to everything that is wrong.

Pointers into the body are plain (`/subtasks/0/content`); those into the query string begin with `/query/`.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Any, TypeVar

from django.http import QueryDict
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, TypeAdapter, ValidationError
from pydantic import WithJsonSchema as Documented
from pydantic_core import PydanticCustomError

from todos.plan.outline import Problem
from todos.problems import Invalid
from todos.rest.strict_json import INT64, MAX_PROBLEMS, escape

ID_PATTERN = r"[1-9][0-9]{0,18}"
_ID = re.compile(ID_PATTERN)
_NUMBER = re.compile(r"[0-9]{1,9}")
# What does not match these, said in words.
_PATTERNS = {r"\S": "must not be blank", r"^[^\r\n]*\S[^\r\n]*$": "must be one line that is not blank"}

T = TypeVar("T")


class Wire(BaseModel):
    """The base of what is taken: nothing is converted, nothing unknown is let through."""

    model_config = ConfigDict(strict=True, extra="forbid", hide_input_in_errors=True)


def _id(value: Any) -> int:
    if isinstance(value, str) and _ID.fullmatch(value) and int(value) in INT64:
        return int(value)
    raise PydanticCustomError("id", "not an id")


def _number(value: Any) -> Any:
    """The query string has digits only; the bounds are left to the field."""
    return int(value) if isinstance(value, str) and _NUMBER.fullmatch(value) else value


def _flag(value: Any) -> Any:
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


def _words(value: Any) -> Any:
    return value.split(",") if isinstance(value, str) else value


def _time(value: Any) -> datetime:
    try:
        found = datetime.fromisoformat(value)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)  # which may be beyond all years
    except (TypeError, ValueError, OverflowError):
        raise PydanticCustomError("time", "not a time: ISO 8601, as in 2026-01-31T12:00:00Z") from None


def _text(value: str) -> str:
    if "\0" in value:
        raise PydanticCustomError("text", "text must not hold NUL")
    return value


Id = Annotated[int, BeforeValidator(_id), Documented({"type": "string", "pattern": f"^{ID_PATTERN}$"})]
"""An id: a string on the wire, a number inside."""

# ---- of the query string, where everything is text. Bounds stand before these: Annotated[int, Field(ge=1), DIGITS]
DIGITS = BeforeValidator(_number)
STORABLE = AfterValidator(_text)
QueryFlag = Annotated[bool, BeforeValidator(_flag)]
QueryTime = Annotated[datetime, BeforeValidator(_time)]
CommaSeparated = Annotated[list[T], BeforeValidator(_words)]


_adapter = cache(TypeAdapter)


def read(kind: Any, value: Any, at: str = "") -> Any:
    """The value as a `kind` (a Wire model, or a list of them). Pointers begin with `at`."""
    try:
        return _adapter(kind).validate_python(value)
    except ValidationError as error:
        found = problems(error, value, at)
        raise Invalid(found[0].detail, found) from None


def read_query(kind: type[T], sent: QueryDict) -> T:
    """The query string as a `kind`. A parameter may be given once."""
    twice = [Problem(f"/query/{escape(name)}", "given twice") for name, given in sent.lists() if len(given) > 1]
    if twice:
        raise Invalid(twice[0].detail, twice)
    return read(kind, sent.dict(), "/query")


def problems(error: ValidationError, value: Any, at: str = "") -> list[Problem]:
    """What pydantic found, in our words, 100 at most. Of the branches of a union the first speaks."""
    found: dict[str, Problem] = {}
    for one in error.errors(include_url=False, include_input=False):
        pointer = at + _pointer(one["loc"], value)
        found.setdefault(pointer, Problem(pointer, _detail(one["type"], one["msg"], one.get("ctx", {}))))
        if len(found) >= MAX_PROBLEMS:
            break
    return list(found.values())


def _detail(kind: str, message: str, about: Mapping[str, Any]) -> str:
    if words := _PATTERNS.get(about.get("pattern", "")):
        return words
    if kind == "missing":
        return "this field is required"
    if kind == "extra_forbidden":
        return "there is no such field"
    return message[0].lower() + message[1:]


def _pointer(location: Sequence[int | str], value: Any) -> str:
    """The location as a pointer. The names of union branches, which pydantic puts in between, are left out."""
    parts: list[str] = []
    for at, part in enumerate(location):
        last = at == len(location) - 1
        if part == "[key]" or (isinstance(part, str) and not isinstance(value, Mapping)):
            continue
        if isinstance(part, str) and part not in value and not last:
            continue
        value = _below(value, part)
        parts.append(escape(str(part)))
    return "".join(f"/{part}" for part in parts)


def _below(value: Any, part: int | str) -> Any:
    try:
        return value[part]
    except (KeyError, IndexError, TypeError):
        return None
