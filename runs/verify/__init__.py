"""Proves that the database keeps its promises: each invariant is a query that must find nothing.

`manage.py verify` runs them. The numbers are those of the list in `docs/reliability.md`.
"""

from datetime import datetime

from runs.verify import (
    added,
    aggregates,
    budgets,
    busy,
    conditions,
    counters,
    history,
    holds,
    lost,
    parallel,
    paused,
    people,
    phases,
    ranks,
    rows,
    undone,
    work,
)
from runs.verify.base import SHOWN, Check, Finding, Scope, one_state

__all__ = ["CHECKS", "Check", "Finding", "verify"]

_MODULES = (
    added,
    aggregates,
    rows,
    history,
    conditions,
    counters,
    busy,
    paused,
    people,
    holds,
    lost,
    phases,
    budgets,
    ranks,
    undone,
    parallel,
    work,
)
CHECKS: list[Check] = sorted(
    (check for module in _MODULES for check in module.CHECKS), key=lambda check: int(check.id[1:])
)


def verify(run_id: int | None, now: datetime) -> list[Finding]:
    """All checks on one run, or on everything; read-only, on one state of the database."""
    scope = Scope(run_id, now)
    findings = []
    with one_state():
        for check in CHECKS:
            found = list(check.violations(scope))
            findings.append(Finding(check.id, check.says, len(found), found[:SHOWN]))
    return findings
