"""Lists a page at a time, by where the last page ended: the thousandth page costs what the first does."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db.models import Model, Q, QuerySet

from todos.problems import Refused
from todos.rest import strict_json

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Rows in reading order, and the cursors of the pages around them; "" where there is none."""

    rows: list[Row]
    previous: str = ""
    next: str = ""


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place between two rows: `after` (or before) the row whose ordering columns hold these values."""

    after: bool
    values: list[Any]

    def __str__(self) -> str:
        return urlsafe_b64encode(json.dumps([int(self.after), *self.values]).encode()).decode().rstrip("=")


def read_cursor(text: str) -> Cursor | None:
    """The place a cursor names; None when it is none, so a damaged link shows the first page."""
    try:
        after, *values = strict_json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (Refused, ValueError, TypeError):
        return None
    return Cursor(bool(after), values) if values and all(map(_simple, values)) else None


def _simple(value: Any) -> bool:
    """Whether it may stand in a query: what a reader sends need not be what it was given."""
    return isinstance(value, str | int)


def page(rows: QuerySet[Row], order: Sequence[str], cursor: str, limit: int) -> Page[Row]:
    """One page of these rows. `order` names columns, "-" for descending; together they must be unique."""
    place = read_cursor(cursor)
    if place is None or len(place.values) != len(order):
        place = Cursor(True, [])
    directed = order if place.after else [_reversed(name) for name in order]
    if place.values:
        try:
            rows = rows.filter(_beyond(directed, place.values))
        except ValueError:  # a word where the column holds numbers
            return page(rows, order, "", limit)
    found = list(rows.order_by(*directed)[: limit + 1])
    return finish(found, limit, place, lambda row: [getattr(row, name.lstrip("-")) for name in order])


def finish(found: list[Row], limit: int, place: Cursor, values: Callable[[Row], list[Any]]) -> Page[Row]:
    """Makes a page of up to `limit + 1` rows found from a place on, in the direction of that place."""
    more, found = len(found) > limit, found[:limit]
    if not place.after:
        found.reverse()
    if not found:
        return Page([])
    before, after = (bool(place.values), more) if place.after else (more, True)
    return Page(
        found,
        previous=str(Cursor(False, values(found[0]))) if before else "",
        next=str(Cursor(True, values(found[-1]))) if after else "",
    )


def _reversed(name: str) -> str:
    return name[1:] if name.startswith("-") else f"-{name}"


def _beyond(order: Sequence[str], values: Sequence[Any]) -> Q:
    """What comes after these values in that order: by the first column, or by the next where that is equal."""
    found = Q(pk__in=[])
    equal = Q()
    for name, value in zip(order, values):
        column, comparison = (name[1:], "lt") if name.startswith("-") else (name, "gt")
        found |= equal & Q(**{f"{column}__{comparison}": value})
        equal &= Q(**{column: value})
    return found
