"""I29: what was put together is what comes of the results."""

from collections.abc import Iterator
from typing import Any

from runs.engine import states
from runs.models import Aggregate, Run
from runs.orchestrating import aggregates
from runs.verify.base import Check, Scope


def _as_worked_out(scope: Scope) -> Iterator[str]:
    runs = Aggregate.objects.all() if scope.run_id is None else Aggregate.objects.filter(run=scope.run_id)
    for number in sorted(set(runs.values_list("run", flat=True))):
        rows = list(Aggregate.objects.filter(run=number).order_by("position"))
        kept = [_told(row) for row in rows]
        run = Run.objects.get(pk=number)
        if run.status in states.RUN_TERMINAL:
            aggregates.worked_out(number, rows)
        for row, told in zip(rows, kept, strict=True):
            expected = _told(row) if run.status in states.RUN_TERMINAL else (None, None, "")
            if told != expected:
                yield f"what run {number} made of the results below {row.key or 'its todo'} does not come of them"
        if run.status in states.RUN_TERMINAL and not rows[-1].key and run.result != rows[-1].result:
            yield f"the result of run {number} is not what was put together"


def _told(row: Aggregate) -> tuple[Any, ...]:
    return row.result, row.completed, row.error


CHECKS = [Check("I29", "what was put together is what comes of the results", _as_worked_out)]
