"""What has been shown and not been made yet: what somebody saw is what is made, even if a program would say otherwise
the next time. It is kept in this process, for a while, and only the latest few.
"""

import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta

from runs.making.decomposing import Proposal

KEPT_SUBTASKS = 20_000  # of all that are kept, beside the latest
KEPT_FOR = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Shown:
    """A proposal, for whom and below which todo it is, and when it was made."""

    owner: int
    todo: int
    strategy: str
    proposal: Proposal
    at: datetime


_kept: OrderedDict[str, Shown] = OrderedDict()
_lock = threading.Lock()


def keep(shown: Shown) -> str:
    """The name under which it can be had again."""
    name = secrets.token_urlsafe(16)
    with _lock:
        for old in [name for name, one in _kept.items() if shown.at - one.at >= KEPT_FOR]:
            del _kept[old]
        _kept[name] = shown
        while len(_kept) > 1 and sum(len(one.proposal.rows) for one in _kept.values()) > KEPT_SUBTASKS:
            _kept.popitem(last=False)
    return name


def find(name: str, owner: int, todo: int, now: datetime) -> Shown | None:
    """None when it is of somebody else or for another todo, was made already, or is too old."""
    with _lock:
        shown = _kept.get(name)
    fits = shown is not None and (shown.owner, shown.todo) == (owner, todo) and now - shown.at < KEPT_FOR
    return shown if fits else None


def forget(name: str) -> None:
    with _lock:
        _kept.pop(name, None)
