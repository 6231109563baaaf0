"""I9: a run stops at its budget, and says so only when it has reached it."""

from collections.abc import Iterator

from runs.engine import budget, states
from runs.models import Run
from runs.verify.base import Check, Scope


def _kept_to(scope: Scope) -> Iterator[str]:
    runs = Run.objects.exclude(budget={}) if scope.run_id is None else Run.objects.filter(pk=scope.run_id)
    columns = "pk status end_reason pending budget cost input_tokens output_tokens".split()
    for row in runs.values(*columns).iterator():
        tokens = row["input_tokens"] + row["output_tokens"]
        used_up = budget.used_up(row["budget"], cost=row["cost"], tokens=tokens)
        if row["end_reason"] == "budget" and not used_up:
            yield f"run {row['pk']} ended for its budget, which is not used up"
        if used_up and row["status"] != states.Run.PENDING and row["pending"]:
            yield f"run {row['pk']} has used up its budget and {row['pending']} of its subtasks may still start"


CHECKS = [Check("I9", "a run stops when its budget is used up, and for no other reason says so", _kept_to)]
