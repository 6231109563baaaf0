"""Rows of a table somebody looks at stay where they are: what they say is kept up to date, and a new order waits until
it is asked for."""

from collections.abc import Sequence
from dataclasses import dataclass

from dashboard.words import figures
from runs import queries
from runs.models import Run, Subtask


@dataclass(frozen=True, slots=True)
class Kept:
    """`said`: in what the table would differ if it were sorted now; "" where it would not."""

    rows: list[Subtask]
    said: str = ""

    @property
    def ids(self) -> str:
        """As an address says which rows there are."""
        return ",".join(str(row.pk) for row in self.rows)


def of(run: Run, there: str, sorted_now: Sequence[Subtask], most: int) -> Kept:
    """`there`: the ids of the rows on the screen. While there is room for more, what is new comes below them."""
    ids = [int(word) for word in there.split(",")[:most] if word.isascii() and word.isdigit() and len(word) < 19]
    found = {row.pk: row for row in queries.shown(run.pk).filter(pk__in=ids)} if ids else {}
    rows = [found[number] for number in dict.fromkeys(ids) if number in found]
    if not rows:
        return Kept(list(sorted_now))
    new = [row for row in sorted_now if row.pk not in found]
    room = max(0, most - len(rows))
    rows += new[:room]
    return Kept(rows, _said(rows, sorted_now, len(new[room:])))


def _said(rows: Sequence[Subtask], sorted_now: Sequence[Subtask], new: int) -> str:
    if [row.pk for row in rows] == [row.pk for row in sorted_now]:
        return ""
    return f"{figures.count(new)} new" if new else "Order changed"
