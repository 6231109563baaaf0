"""The only writer of state: leases, reports, ends, and the states of runs.

Every function writes into an `Entry` (see `runs/journal.py`), so a change, its counters and its event are one
transaction. Every UPDATE is guarded by state and epoch in its WHERE; who loses writes nothing.
"""

from runs.transitions.agents import take_agents
from runs.transitions.aging import age
from runs.transitions.asking import ask
from runs.transitions.claiming import look_again, screen
from runs.transitions.leasing import Lease, Pick, in_place, lease
from runs.transitions.lifecycle import close, move, request_cancel, request_stop, stopping_attempts
from runs.transitions.line import bring_back
from runs.transitions.phases import begin_phases
from runs.transitions.reporting import apply
from runs.transitions.unstarted import cancel_one, end_pending, undelay

__all__ = [
    "Lease",
    "Pick",
    "age",
    "apply",
    "ask",
    "begin_phases",
    "bring_back",
    "cancel_one",
    "close",
    "end_pending",
    "in_place",
    "lease",
    "look_again",
    "move",
    "request_cancel",
    "request_stop",
    "screen",
    "stopping_attempts",
    "take_agents",
    "undelay",
]
