"""Lists, a page at a time, by keyset: a page costs the same wherever it is, and rows that come or go move no other.

A cursor says after which row to go on, in which order and direction. It is signed, so what comes back is what went out.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

from django.core import signing
from django.db.models import Model, Q, QuerySet
from django.utils.http import urlencode
from pydantic import Field
from rest_framework.request import Request
from typing_extensions import TypedDict

from todos.problems import Invalid
from todos.rest.answers import closed
from todos.rest.reading import DIGITS, STORABLE, Wire

MAX_LIMIT = 500
_SALT = "cursor"

R = TypeVar("R")
M = TypeVar("M", bound=Model)


class PageQuery(Wire):
    """The parameters of every list. A list with orderings adds `ordering` as a Literal, with its default."""

    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT), DIGITS] = 50
    cursor: Annotated[str, Field(max_length=2_000), STORABLE] | None = None
    ordering: str = ""


@closed
class Page(TypedDict, Generic[R]):
    count: int
    next: str | None
    previous: str | None
    results: list[R]


@dataclass(frozen=True, slots=True)
class _Mark:
    ordering: str
    backwards: bool
    values: list[Any]


def page(
    request: Request,
    rows: QuerySet[M],
    query: PageQuery,
    orderings: Mapping[str, Sequence[str]],
    build: Callable[[list[M]], list[R]],
    count: int | None = None,
) -> Page[R]:
    """One page of `rows`. `orderings` gives the columns of each order word, unique as a whole and never null.

    `count` is how many rows there are, where that is known without counting.
    """
    mark = _read(query)
    columns = list(orderings[query.ordering])
    if mark and mark.backwards:
        columns = [_turned(column) for column in columns]
    found = list((rows.filter(_after(columns, mark.values)) if mark else rows).order_by(*columns)[: query.limit + 1])
    more, found = len(found) > query.limit, found[: query.limit]
    backwards = mark is not None and mark.backwards
    if backwards:
        found.reverse()
    names = [column.removeprefix("-") for column in columns]
    has_next, has_previous = (True, more) if backwards else (more, mark is not None)
    return {
        "count": rows.count() if count is None else count,
        "next": _url(request, query.ordering, False, found[-1], names) if found and has_next else None,
        "previous": _url(request, query.ordering, True, found[0], names) if found and has_previous else None,
        "results": build(found),
    }


def _read(query: PageQuery) -> _Mark | None:
    if query.cursor is None:
        return None
    try:
        mark = _Mark(*signing.loads(query.cursor, salt=_SALT))
    except signing.BadSignature:
        raise Invalid.at("/query/cursor", "not a cursor of this list") from None
    if mark.ordering != query.ordering:
        raise Invalid.at("/query/cursor", "a cursor of another ordering")
    return mark


def _turned(column: str) -> str:
    return column[1:] if column.startswith("-") else f"-{column}"


def _after(columns: Sequence[str], values: Sequence[Any]) -> Q:
    """Rows that come after these values: those past the first, or equal in it and past the second, and so on."""
    found, equal = Q(), Q()
    for column, value in zip(columns, values):
        name = column.removeprefix("-")
        past = Q(**{f"{name}__{'lt' if column.startswith('-') else 'gt'}": value})
        found |= equal & past
        equal &= Q(**{name: value})
    return found


def _url(request: Request, ordering: str, backwards: bool, row: Model, names: Sequence[str]) -> str:
    values = [getattr(row, name) for name in names]
    plain = [value.isoformat() if isinstance(value, datetime) else value for value in values]
    cursor = signing.dumps([ordering, backwards, plain], salt=_SALT)
    return request.build_absolute_uri("?" + urlencode({**request.GET.dict(), "cursor": cursor}))
