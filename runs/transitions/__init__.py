"""The only writer of state: leases, reports, ends, and the states of runs.

Every function writes into an `Entry` (see `runs/journal.py`), so a change, its counters and its event are one
transaction. Every UPDATE is guarded by state and epoch in its WHERE; who loses writes nothing.
"""

from runs.transitions.agents import take_agents
from runs.transitions.aging import age
from runs.transitions.asking import answer, ask
from runs.transitions.claiming import look_again, screen
from runs.transitions.leasing import in_place, lease
from runs.transitions.lifecycle import close, move, request_cancel, request_stop, stopping_attempts, take_back_questions
from runs.transitions.line import bring_back
from runs.transitions.making import await_more, count_in, join, lengthen, rank
from runs.transitions.phases import begin_phases
from runs.transitions.queued import take_up, waiting_in_queue
from runs.transitions.reporting import apply
from runs.transitions.tracked import (
    add,
    ask_elsewhere,
    begin,
    bill,
    end_session,
    fall_silent,
    hear,
    mark_reported,
    rename,
)
from runs.transitions.unstarted import cancel_one, end_pending, follow, skip_unneeded, undelay

__all__ = [
    "add",
    "age",
    "answer",
    "apply",
    "ask",
    "ask_elsewhere",
    "await_more",
    "begin",
    "begin_phases",
    "bill",
    "bring_back",
    "cancel_one",
    "close",
    "count_in",
    "end_pending",
    "end_session",
    "fall_silent",
    "follow",
    "hear",
    "in_place",
    "join",
    "lease",
    "lengthen",
    "look_again",
    "mark_reported",
    "move",
    "rank",
    "rename",
    "request_cancel",
    "request_stop",
    "screen",
    "skip_unneeded",
    "stopping_attempts",
    "take_agents",
    "take_back_questions",
    "take_up",
    "undelay",
    "waiting_in_queue",
]
