"""The SQL of the transitions, by name. Every UPDATE names the states it may start from; RETURNING says what it won."""

from runs.statements.ending import (
    BASELINE,
    END_ATTEMPTS,
    END_ONE_PENDING,
    END_PENDING,
    END_SUBTASKS,
    RELEASE_DEPENDANTS,
    REQUEST_STOP,
    SKIP_DEPENDANTS,
    STOPPING,
    UNDELAY,
    UNDELAY_ONE,
)
from runs.statements.keeping import ADD_LOADS, EVENTS, FIRST_LOADS
from runs.statements.leasing import LEASE_ATTEMPTS, LEASE_SUBTASKS, READY, SPECS
from runs.statements.reporting import ATTEMPTS, RENEW, SHOW_PROGRESS, START_ATTEMPTS, START_SUBTASKS
from runs.statements.sweeping import CANCEL_OVERDUE, EXTEND_LEASES, OPEN_LEASES, OVERDUE, TO_SHOW, TO_VISIT, UNDER_WAY

__all__ = [
    "ADD_LOADS",
    "ATTEMPTS",
    "BASELINE",
    "CANCEL_OVERDUE",
    "END_ATTEMPTS",
    "END_ONE_PENDING",
    "END_PENDING",
    "END_SUBTASKS",
    "EVENTS",
    "EXTEND_LEASES",
    "FIRST_LOADS",
    "LEASE_ATTEMPTS",
    "LEASE_SUBTASKS",
    "OPEN_LEASES",
    "OVERDUE",
    "READY",
    "RELEASE_DEPENDANTS",
    "RENEW",
    "REQUEST_STOP",
    "SHOW_PROGRESS",
    "SKIP_DEPENDANTS",
    "SPECS",
    "START_ATTEMPTS",
    "START_SUBTASKS",
    "STOPPING",
    "TO_SHOW",
    "TO_VISIT",
    "UNDELAY",
    "UNDELAY_ONE",
    "UNDER_WAY",
]
