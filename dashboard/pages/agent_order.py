"""What the table of agents can be sorted by. Without an order they stand as a tree, each below the one that made it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from dashboard.pages import chips
from runs.reading import presence
from runs.reading.roster import Figures, Member

_RANK = {status: rank for rank, status in enumerate(presence.STATUSES)}


@dataclass(frozen=True, slots=True)
class Column:
    """`order`: what it sorts by at first, "-" for the greatest first. `sorted`: "ascending" or "descending", when the
    table is sorted by it."""

    title: str
    order: str = ""
    css: str = ""
    hint: str = ""
    href: str = ""
    sorted: str = ""


COLUMNS = (
    Column("Status", "status"),
    Column("Agent", "name"),
    Column("At work on"),
    Column("Busy", "-busy", "number", "Time at work, of the time its runs went on"),
    Column("Done", "-done", "number"),
    Column("A minute", "-pace", "number", "Completed, for each minute its runs went on"),
    Column("Average", "-average", "number", "Of an attempt, from its start to its end"),
    Column("Does most", "most", "", "Executor and lane it has completed most of"),
    Column("Heard", "-heard", "number"),
)

# What a column shows; None comes last, both ways.
_VALUES: Mapping[str, Callable[[Member, Figures], Any]] = {
    "status": lambda member, done: _RANK[member.status],
    "name": lambda member, done: member.name.lower(),
    "busy": lambda member, done: done.utilization,
    "done": lambda member, done: done.completed,
    "pace": lambda member, done: done.per_minute,
    "average": lambda member, done: done.average,
    "most": lambda member, done: done.most or None,
    "heard": lambda member, done: member.heard,
}


def wanted(text: str) -> str:
    """The order asked for; "" for the tree."""
    return text if text.removeprefix("-") in _VALUES else ""


def ordered(members: Sequence[Member], figures: Mapping[int, Figures], order: str) -> list[Member]:
    """Those that are alike keep the order of the tree. None of them stands below another."""
    value = _VALUES[order.removeprefix("-")]
    pairs = [(value(member, figures.get(member.pk, Figures())), replace(member, depth=0)) for member in members]
    known = [pair for pair in pairs if pair[0] is not None]
    known.sort(key=lambda pair: pair[0], reverse=order.startswith("-"))
    return [member for _, member in known] + [member for found, member in pairs if found is None]


def columns(href: str, query: Mapping[str, str]) -> list[Column]:
    """Each leads to the table sorted by it; one that it is sorted by the other way round, and then to the tree."""
    return [_column(href, query, one) if one.order else one for one in COLUMNS]


def _column(href: str, query: Mapping[str, str], column: Column) -> Column:
    turned = column.order.removeprefix("-") if column.order.startswith("-") else f"-{column.order}"
    now = query["order"]
    following = {column.order: turned, turned: ""}.get(now, column.order)
    way = ("descending" if now.startswith("-") else "ascending") if now in (column.order, turned) else ""
    return replace(column, href=chips.address(href, {**query, "order": following}), sorted=way)
