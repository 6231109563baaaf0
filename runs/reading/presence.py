"""Whether agents are there: one word for each, for the pages and for REST alike."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import DurationField, ExpressionWrapper, F
from django.db.models.functions import Coalesce

from runs.engine import states
from runs.models import Attempt
from runs.sql import Statement, moment

LOST_AFTER = timedelta(seconds=60)  # longer than an agent may wait for its next lease without a word
BUSY, IDLE, LOST, RETIRED = STATUSES = ("busy", "idle", "lost", "retired")

REPORTED = "reported"  # the kind of agents that report work of their own, and lease none

# What they said of their latest attempts; a heartbeat is a word of the agent, too.
_LAST_WORDS = Statement(
    "id bigint",
    """
    SELECT v.id, a.last_beat_at, a.status FROM {rows} JOIN runs_attempt a
    ON a.id = (SELECT l.id FROM runs_attempt l WHERE l.agent_id = v.id ORDER BY l.id DESC LIMIT 1)
    """,
)


class Word(NamedTuple):
    """When an agent last said something of its latest attempt, and whether that was given up for lost."""

    at: datetime
    lost: bool


def status(*, at_work: bool, heard: datetime | None, retired: bool, now: datetime) -> str:
    """`heard`: when it last said something; None of those that need not (see `owes_a_word`).

    Who is at work is busy, however quiet: whether a lease still holds is known by itself, and reported work has none.
    """
    if retired:
        return RETIRED
    if at_work:
        return BUSY
    return LOST if heard is not None and is_silent(heard, now) else IDLE


def owes_a_word(kind: str, token: int | None, last: Word | None) -> bool:
    """Whether it would be heard of if it were there. The server's own say nothing, and who reports has nothing more to
    say once its work has ended; only when that was given up for lost, it is."""
    return token is not None and (kind != REPORTED or (last is not None and last.lost))


def is_silent(heard: datetime, now: datetime) -> bool:
    return now - heard > LOST_AFTER


def at_work(attempt: Attempt, now: datetime) -> float:
    """Seconds that the agent of an open attempt has been at it, without waiting for answers."""
    return max(0.0, ((attempt.asked_at or now) - attempt.leased_at).total_seconds() - attempt.asked_seconds)


# Of the run of a `RunAgent`: seconds in which nobody was to be at work, in stretches that are over.
RESTED = F("run__paused_seconds") + Coalesce(F("run__person_seconds"), 0.0)


def passed(now: datetime) -> ExpressionWrapper:
    """How long the run of a `RunAgent` has gone on, with what it rested; a rest that goes on does not count."""
    since = Coalesce(F("run__finished_at"), F("run__paused_at"), F("run__person_at"), now)
    return ExpressionWrapper(since - F("run__started_at"), DurationField())


def last_words(agents: Sequence[int]) -> dict[int, Word]:
    """By id; those that never had an attempt are left out."""
    rows = _LAST_WORDS([(number,) for number in agents])
    found = ((number, moment(beat), status) for number, beat, status in rows)
    return {number: Word(beat, status == states.Attempt.LOST) for number, beat, status in found if beat is not None}
