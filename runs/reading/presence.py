"""Whether agents are there: one word for each, for the pages and for REST alike."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from runs.models import Attempt
from runs.sql import Statement, moment

LOST_AFTER = timedelta(seconds=60)  # longer than an agent may wait for its next lease without a word
BUSY, IDLE, LOST, RETIRED = STATUSES = ("busy", "idle", "lost", "retired")

# What they said of their latest attempts; a heartbeat is a word of the agent, too.
_LAST_BEAT = Statement(
    "id bigint",
    """
    SELECT v.id, (SELECT a.last_beat_at FROM runs_attempt a WHERE a.agent_id = v.id ORDER BY a.id DESC LIMIT 1)
    FROM {rows}
    """,
)


def status(*, at_work: bool, heard: datetime | None, retired: bool, now: datetime) -> str:
    """`heard`: when it last said something; None of the server's own, which need not.

    Who is at work is busy, however quiet: whether a lease still holds is known by itself, and reported work has none.
    """
    if retired:
        return RETIRED
    if at_work:
        return BUSY
    return LOST if heard is not None and is_silent(heard, now) else IDLE


def is_silent(heard: datetime, now: datetime) -> bool:
    return now - heard > LOST_AFTER


def at_work(attempt: Attempt, now: datetime) -> float:
    """Seconds that the agent of an open attempt has been at it, without waiting for answers."""
    return max(0.0, ((attempt.asked_at or now) - attempt.leased_at).total_seconds() - attempt.asked_seconds)


def last_beats(agents: Sequence[int]) -> dict[int, datetime]:
    """When each last said something of an attempt, by id; those that never had one are left out."""
    found = ((number, moment(beat)) for number, beat in _LAST_BEAT([(number,) for number in agents]))
    return {number: beat for number, beat in found if beat is not None}
