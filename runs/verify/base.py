"""What a check is: a name from the list of invariants, a sentence, and a query that must return no row."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

SHOWN = 20  # violations told of one check; the rest are counted


@dataclass(frozen=True, slots=True)
class Scope:
    """What is looked at: one run, or all; and the time by which leases are judged."""

    run_id: int | None
    now: datetime

    def where(self, column: str) -> str:
        """A condition on a column that holds run ids."""
        return f"{column} = {int(self.run_id)}" if self.run_id is not None else "1 = 1"


@dataclass(frozen=True, slots=True)
class Check:
    """`violations` yields a sentence for each thing that is wrong."""

    id: str
    says: str
    violations: Callable[[Scope], Iterable[str]]


@dataclass(frozen=True, slots=True)
class Finding:
    id: str
    says: str
    count: int
    shown: list[str]


@contextmanager
def one_state() -> Iterator[None]:
    """One state of the database for all reads in the block, without keeping writers waiting."""
    if connection.in_atomic_block:
        yield
    elif connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("BEGIN DEFERRED")
            try:
                yield
            finally:
                cursor.execute("ROLLBACK")
    else:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield


def query(text: str, values: dict[str, Any] | None = None) -> Iterator[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(text, values)
        yield from cursor.fetchall()


def rows(text: str, sentence: str, column: str, **values: Any) -> Callable[[Scope], Iterable[str]]:
    """A check by one query: `{scope}` in it is the condition on `column`, `sentence` is formatted with each row."""

    def violations(scope: Scope) -> Iterator[str]:
        filled = text.replace("{scope}", scope.where(column))
        for row in query(filled, values or None):
            yield sentence.format(*row)

    return violations


def near(kept: float, found: float) -> bool:
    """Whether two sums of floats, added in another order, are the same."""
    return abs(kept - found) <= 1e-6 * max(1.0, abs(found))


def in_list(words: Iterable[str]) -> str:
    """Words as SQL: they come from our own enums."""
    return "(" + ", ".join(f"'{word}'" for word in sorted(words)) + ")"
