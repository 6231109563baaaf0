"""Where the time of a run went: from what its work would have taken, shared by all its agents, to what it did take.

A run that may have four agents has four seats. For every moment from its start to its end each seat is given to one
part, by one plain rule each, in this order:

- **work**: an attempt that succeeded (or is under way) sat on it, not longer than one agent alone takes for it.
- **slowdown**: such an attempt, beyond the time one agent alone takes for it. None where nobody knows that time.
- **retries**: an attempt that did not succeed sat on it; or, further down, a subtask waited for its next try.
- **paused**: nobody sat on it, and the run was paused.
- **overhead**: a subtask that could have started was being handed out, or one that had ended was being written down.
- **agents**: a subtask could have started, and no agent came for it.
- **person**: a question to a person was open. When nothing else was under way, also what needed others, and every seat
  that had nothing to start.
- **rate_limit**: a subtask waited for the limiter of an API.
- **resource**: a subtask waited for its turn: for a claim that others held, for its lane, or to be alone.
- **dependency**: a subtask waited for others that it needs, or for a barrier.
- **tail**: there was nothing left to start.

Each waiting subtask takes one free seat. So the parts of all seats add up to seats × time, exactly: all is counted in
whole microseconds. Divided by the seats, they add up to the time of the run, and the first is the ideal.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from operator import itemgetter

MICROSECONDS = 1_000_000


class Part(StrEnum):
    """In the order in which they are shown."""

    WORK = "work"
    DEPENDENCY = "dependency"
    RESOURCE = "resource"
    RATE_LIMIT = "rate_limit"
    RETRIES = "retries"
    AGENTS = "agents"
    TAIL = "tail"
    OVERHEAD = "overhead"
    SLOWDOWN = "slowdown"
    PAUSED = "paused"
    PERSON = "person"


class Kind(StrEnum):
    """What goes on during a span, in the order in which seats are given."""

    WORK = "work"
    SLOWDOWN = "slowdown"
    LOST = "lost"
    PAUSED = "paused"
    OVERHEAD = "overhead"
    READY = "ready"
    QUESTION = "question"
    RATE_LIMIT = "rate_limit"
    RESOURCE = "resource"
    RETRY = "retry"
    DEPENDENCY = "dependency"


_SEATED = (Kind.WORK, Kind.SLOWDOWN, Kind.LOST)
_PART = {
    Kind.WORK: Part.WORK,
    Kind.SLOWDOWN: Part.SLOWDOWN,
    Kind.LOST: Part.RETRIES,
    Kind.PAUSED: Part.PAUSED,
    Kind.OVERHEAD: Part.OVERHEAD,
    Kind.READY: Part.AGENTS,
    Kind.QUESTION: Part.PERSON,
    Kind.RATE_LIMIT: Part.RATE_LIMIT,
    Kind.RESOURCE: Part.RESOURCE,
    Kind.RETRY: Part.RETRIES,
    Kind.DEPENDENCY: Part.DEPENDENCY,
}


@dataclass(frozen=True, slots=True)
class Span:
    """Something that went on from `start` to `end`, in microseconds since the run began."""

    kind: Kind
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Waterfall:
    """`taken`: microseconds of seats by part; together seats × `length`, exactly."""

    seats: int
    length: int
    taken: Mapping[Part, int]

    @property
    def wall_seconds(self) -> float:
        return self.length / MICROSECONDS

    def seconds(self, part: Part) -> float:
        """What this part adds to the time of the run."""
        return self.taken[part] / self.seats / MICROSECONDS


def waterfall(spans: Iterable[Span], seats: int, length: int) -> Waterfall:
    """`length`: from the start of the run to its end. What spans say of other times does not count."""
    taken = dict.fromkeys(Part, 0)
    for counts, lasted in _moments(spans, length):
        for part, number in _shares(counts, seats):
            taken[part] += number * lasted
    return Waterfall(seats, length, taken)


def _moments(spans: Iterable[Span], length: int) -> Iterator[tuple[Counter[Kind], int]]:
    """How many spans of each kind there are, and for how long just these."""
    steps = []
    for span in spans:
        start, end = max(0, span.start), min(span.end, length)
        if start < end:
            steps += [(start, span.kind, 1), (end, span.kind, -1)]
    counts: Counter[Kind] = Counter()
    since = 0
    for at, changes in groupby(sorted(steps, key=itemgetter(0)), key=itemgetter(0)):
        if at > since:
            yield counts, at - since
        since = at
        for _, kind, change in changes:
            counts[kind] += change
    if since < length:
        yield counts, length - since


def _shares(counts: Mapping[Kind, int], seats: int) -> Iterator[tuple[Part, int]]:
    """Who has the seats at one moment; all of them are given."""
    free = seats
    for kind in Kind:
        there = counts.get(kind, 0)
        number = min(free, seats if kind is Kind.PAUSED and there else there)
        if number > 0:
            yield _part(kind, counts), number
            free -= number
    if free:
        yield Part.PERSON if _is_only_asking(counts) else Part.TAIL, free


def _part(kind: Kind, counts: Mapping[Kind, int]) -> Part:
    return Part.PERSON if kind is Kind.DEPENDENCY and _is_only_asking(counts) else _PART[kind]


def _is_only_asking(counts: Mapping[Kind, int]) -> bool:
    return counts.get(Kind.QUESTION, 0) > 0 and not any(counts.get(seated, 0) for seated in _SEATED)
