"""The only writer of state: leases, reports, ends, and the states of runs.

Every function writes into an `Entry` (see `runs/journal.py`), so a change, its counters and its event are one
transaction. Every UPDATE is guarded by state and epoch in its WHERE; who loses writes nothing.
"""

from runs.transitions.aging import age
from runs.transitions.asking import answer, ask
from runs.transitions.claiming import look_again, screen
from runs.transitions.leasing import Lease, Pick, in_place, lease
from runs.transitions.lifecycle import close, move, request_cancel, request_stop, stopping_attempts, take_back_questions
from runs.transitions.line import bring_back
from runs.transitions.making import count_in, join, lengthen, rank
from runs.transitions.phases import begin_phases
from runs.transitions.reporting import apply
from runs.transitions.unstarted import cancel_one, end_pending, follow, skip_unneeded, undelay

__all__ = [
    "Lease",
    "Pick",
    "age",
    "answer",
    "apply",
    "ask",
    "begin_phases",
    "bring_back",
    "cancel_one",
    "close",
    "count_in",
    "end_pending",
    "follow",
    "in_place",
    "join",
    "lease",
    "lengthen",
    "look_again",
    "move",
    "rank",
    "request_cancel",
    "request_stop",
    "screen",
    "skip_unneeded",
    "stopping_attempts",
    "take_back_questions",
    "undelay",
]
