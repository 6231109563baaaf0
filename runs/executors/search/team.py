"""The child processes of searches: kept for the next search, and never more than so many at work."""

import threading
from typing import Any

from runs.executors.base import Failed, Job
from runs.executors.python import Hand

MODULES = ["runs.executors.search.strategies"]
MOST = 16  # at work, over all searches
MOST_KEPT = 5  # without work: as many as one search needs
_WAIT_SECONDS = 0.05
_MAX_BYTES = 16 * 1024 * 1024

_seats = threading.BoundedSemaphore(MOST)
_kept: list[Hand] = []
_lock = threading.Lock()


def call(job: Job, name: str, arguments: dict[str, Any], *, keep: bool = True) -> Any:
    """What a callable of `strategies.py` answers. Raises Failed and Stopped. `keep`: its process, for the next call."""
    while not _seats.acquire(timeout=_WAIT_SECONDS):
        job.check()
    try:
        return _call(job, name, arguments, keep)
    finally:
        _seats.release()


def _call(job: Job, name: str, arguments: dict[str, Any], keep: bool) -> Any:
    hand = _take()
    try:
        request = {"call": name, "arguments": arguments, "inputs": {}, "workspace": str(job.workspace)}
        answer = hand.call(job, request | {"max_bytes": _MAX_BYTES})
    except BaseException:
        hand.end()
        raise
    if answer["leaves"] or not keep or not _keep(hand):
        hand.end()
    if "error" in answer:
        raise Failed(answer["error"], retryable=answer["retryable"])
    return answer["result"]


def _take() -> Hand:
    while True:
        with _lock:
            hand = _kept.pop() if _kept else None
        if hand is None:
            return Hand(MODULES)
        if hand.ready():
            return hand
        hand.end()


def _keep(hand: Hand) -> bool:
    with _lock:
        if len(_kept) >= MOST_KEPT:
            return False
        _kept.append(hand)
        return True
