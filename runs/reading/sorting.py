"""Sorting the subtasks of a run by what a column shows, so that pages can be cut by where the last one ended."""

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BigIntegerField, Case, CharField, F, Func, OuterRef, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce, Now

from runs.engine import states
from runs.models import Attempt, Subtask

INDEXED = ("key", "position")
ORDERS = (*INDEXED, "agent", "tries", "time")


def sort(rows: QuerySet[Subtask], order: str) -> tuple[QuerySet[Subtask], list[str]]:
    """The rows with what they are sorted by, and the names of that. `order`: one of ORDERS, with "-" the other way.

    Those that have no value come last, both ways; those that have the same one, as they were written.
    """
    sign, name = ("-", order[1:]) if order.startswith("-") else ("", order)
    if name in INDEXED:
        return rows, [order]
    value, nothing = _value(name)
    sorted_by = rows.annotate(sorted_by=Coalesce(value, Value(nothing)))
    missing = Case(When(sorted_by=nothing, then=Value(1)), default=Value(0))
    return sorted_by.annotate(has_none=missing), ["has_none", f"{sign}sorted_by", "position"]


def _value(name: str) -> tuple[Any, str | int]:
    """What the column shows, and what stands for nothing."""
    if name == "agent":
        return _agent(), ""
    return (F("attempts_used"), 0) if name == "tries" else (_milliseconds(), -1)


def _agent() -> Subquery:
    """The name of the agent that has, or last had, a subtask."""
    latest = Attempt.objects.filter(subtask=OuterRef("pk"), epoch=OuterRef("epoch"))
    return Subquery(latest.values("agent__name")[:1], output_field=CharField())


def _milliseconds() -> Case:
    """How long it took, or has been at it; nothing of what waits."""
    under_way = Milliseconds(Now(), F("started_at"))
    return Case(
        When(status=states.Status.PENDING, then=Value(None)),
        When(finished_at=None, then=under_way),
        default=Milliseconds(F("finished_at"), F("started_at")),
        output_field=BigIntegerField(),
    )


class Milliseconds(Func):
    """From the second time to the first, as a whole number, which a cursor can hold. Nothing where one is missing."""

    arity = 2
    output_field = BigIntegerField()

    def as_sqlite(self, compiler: Any, connection: BaseDatabaseWrapper, **context: Any) -> Any:
        template = "CAST((julianday(%(expressions)s)) * 86400000 AS INTEGER)"
        return self.as_sql(compiler, connection, template=template, arg_joiner=") - julianday(", **context)

    def as_postgresql(self, compiler: Any, connection: BaseDatabaseWrapper, **context: Any) -> Any:
        template = "CAST(EXTRACT(EPOCH FROM (%(expressions)s)) * 1000 AS BIGINT)"
        return self.as_sql(compiler, connection, template=template, arg_joiner=" - ", **context)
