"""What keeps a subtask from having its claims now, and for whom it waits.

A subtask takes all its claims at once or none, and who holds some never waits for more: so there is no deadlock. Files
exclude each other where they overlap and one writes; amounts add up to a capacity; calls of an API come out of a bucket
that refills, which delays but never excludes.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf

from runs.engine.states import Wait
from todos.plan.claims import API, COUNTED, FILE, Claim, clash

LOOK_AGAIN_SECONDS = 1.0  # how long to keep out of the way of somebody who has waited for too long

Rank = tuple[int, float, int, int]


@dataclass(frozen=True, slots=True)
class Seeker:
    """A subtask that wants its claims. Lower ranks come first. `group` is that of its twins, which claim the same."""

    subtask: int
    rank: Rank
    claims: Sequence[Claim]
    group: str = ""


@dataclass(frozen=True, slots=True)
class Hold:
    """A claim that is held; `attempt` is 0 while the attempt is still being made."""

    attempt: int
    subtask: int
    claim: Claim


@dataclass(slots=True)
class Bucket:
    """The limiter of one API, as of now. `queue`: who waits for it, by rank, and for how many calls."""

    per_second: float
    tokens: float
    queue: dict[int, tuple[Rank, float]] = field(default_factory=dict)
    spent: bool = False

    @property
    def size(self) -> float:
        """What may be used at once: a second's worth, and one call at least."""
        return max(1.0, self.per_second)

    def wait(self, seeker: Seeker, amount: float) -> float:
        """Seconds until these calls can be made, after those of everybody who waits and ranks before.

        More calls than the bucket holds take all of it, and leave a debt.
        """
        before = sum(calls for rank, calls in self.queue.values() if rank < seeker.rank)
        missing = before + min(amount, self.size) - self.tokens
        return max(0.0, missing / self.per_second)


def refilled(tokens: float, per_second: float, seconds: float) -> float:
    """What is in a bucket after so many seconds."""
    return min(max(1.0, per_second), tokens + per_second * max(0.0, seconds))


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why a subtask cannot have a claim now. `key` names what must end or change first; after `seconds`, if not None,
    it is looked at again anyway. `behind`: the subtask whose attempt must end, while that attempt is being made.
    """

    wait: Wait
    key: str
    claim: Claim
    seconds: float | None = None
    behind: int = 0
    too_large: bool = False


@dataclass(slots=True)
class Book:
    """Who holds what, what there is of it, and who has waited for so long that it goes first.

    `capacities` and `buckets` hold all that is asked for.
    """

    holds: list[Hold]
    capacities: Mapping[tuple[str, str], int]
    buckets: Mapping[str, Bucket]
    starving: Sequence[Seeker] = ()
    files: list[Hold] = field(init=False)
    used: dict[tuple[str, str], int] = field(init=False)

    def __post_init__(self) -> None:
        self.files, self.used = [], {}
        for hold in self.holds:
            self._enter(hold)

    def obstacle(self, seeker: Seeker) -> Obstacle | None:
        """The first thing in the way of these claims, or None: it may have them now."""
        for look in (self._in_amounts, self._in_files, self._in_reservations, self._in_calls):
            if found := look(seeker):
                return found
        return None

    def take(self, seeker: Seeker) -> None:
        """Enters its claims: all of them, at once."""
        for claim in seeker.claims:
            if claim.kind == API:
                bucket = self.buckets[claim.name]
                bucket.tokens -= claim.amount
                bucket.spent = True
                bucket.queue.pop(seeker.subtask, None)
            else:
                self._enter(Hold(0, seeker.subtask, claim))

    def _enter(self, hold: Hold) -> None:
        kind, name, _, amount = hold.claim
        if kind == FILE:
            self.files.append(hold)
        elif kind in COUNTED:
            self.used[kind, name] = self.used.get((kind, name), 0) + amount

    def _in_files(self, seeker: Seeker) -> Obstacle | None:
        for claim in (claim for claim in seeker.claims if claim.kind == FILE):
            for hold in self.files:
                if clash(claim, hold.claim):
                    behind = 0 if hold.attempt else hold.subtask
                    return Obstacle(Wait.RESOURCE, f"attempt/{hold.attempt}", claim, behind=behind)
        return None

    def _in_amounts(self, seeker: Seeker) -> Obstacle | None:
        for claim in (claim for claim in seeker.claims if claim.kind in COUNTED):
            resource = (claim.kind, claim.name)
            if claim.amount > self.capacities[resource]:
                return Obstacle(Wait.RESOURCE, "/".join(resource), claim, too_large=True)
            if claim.amount + self.used.get(resource, 0) > self.capacities[resource]:
                return Obstacle(Wait.RESOURCE, "/".join(resource), claim)
        return None

    def _in_reservations(self, seeker: Seeker) -> Obstacle | None:
        """Who has waited for too long has its claims kept free of all that rank below it."""
        for other in self.starving:
            if other.rank < seeker.rank and other.subtask != seeker.subtask:
                for claim in seeker.claims:
                    if self._would_delay(claim, other.claims):
                        return Obstacle(Wait.RESOURCE, f"subtask/{other.subtask}", claim, LOOK_AGAIN_SECONDS)
        return None

    def _would_delay(self, claim: Claim, wanted: Iterable[Claim]) -> bool:
        resource = (claim.kind, claim.name)
        room = self.capacities.get(resource, inf) - self.used.get(resource, 0) - claim.amount
        return any(
            clash(claim, other) or (claim.kind in COUNTED and other[:2] == resource and other.amount > room)
            for other in wanted
        )

    def _in_calls(self, seeker: Seeker) -> Obstacle | None:
        """It waits for the slowest of its APIs, and stands in the queue of that one."""
        waits = [
            (self.buckets[claim.name].wait(seeker, claim.amount), claim) for claim in seeker.claims if claim.kind == API
        ]
        seconds, slowest = max(waits, key=lambda wait: wait[0], default=(0.0, None))
        if slowest is None or seconds <= 0:
            return None
        self.buckets[slowest.name].queue[seeker.subtask] = (seeker.rank, slowest.amount)
        return Obstacle(Wait.RATE_LIMIT, f"{API}/{slowest.name}", slowest, seconds)
