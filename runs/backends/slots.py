"""How many subtasks of each pool the workers of this process carry out, and how many they may.

Like the seats it belongs to the ledger's thread; others only read from it.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from runs.claims import limits
from runs.engine.pools import EVERY_POOL, Use, full, name_of, room, slots_of

_current: "Callable[[], Slots] | None" = None


def publish(of_process: "Callable[[], Slots] | None") -> None:
    """Says where the slots of this process's workers are, or that there are none any more."""
    global _current
    _current = of_process


def current() -> "Slots | None":
    """Those of the workers of this process, if it has any."""
    return _current() if _current else None


@dataclass(frozen=True, slots=True)
class Wish:
    """What a run would begin if there were room: how urgent the most urgent of it is, and the limits in its way."""

    priority: int
    slots: tuple[str, ...]


@dataclass(slots=True)
class Slots:
    """`asked`: the limits as they are set (None: not read yet); `narrowed`: pools held to less; `held`: the pool of
    what each worker is at, by its number; `use`: what each pool uses of the machine, as last measured.
    """

    asked: dict[str, int] | None = None
    narrowed: dict[str, int] = field(default_factory=dict)
    held: dict[int, str] = field(default_factory=dict)
    use: dict[str, Use] = field(default_factory=dict)
    _room: dict[str, int] | None = None
    _full: list[str] = field(default_factory=list)
    # Runs that could not start something for want of room, and those that were called for it and had no turn yet.
    _waiting: dict[int, Wish] = field(default_factory=dict)
    _called: dict[int, Wish] = field(default_factory=dict)
    _freed: bool = False

    @property
    def limits(self) -> dict[str, int]:
        """As they count now."""
        if self.asked is None:
            self.asked = limits.pools()
        held_to = {pool: min(limit, self.asked.get(pool, limit)) for pool, limit in self.narrowed.items()}
        return self.asked | held_to

    @property
    def room(self) -> dict[str, int]:
        """How many more may begin, of each that has a limit."""
        if self._room is None:
            self._room = room(self.limits, self.held.values())
            self._see()
        return self._room

    def full(self) -> list[str]:
        """The pools of which nothing can begin now."""
        return self._full if self.room else []

    def running(self) -> Counter[str]:
        """How many are under way, by the name of the pool."""
        return Counter(name_of(pool) for pool in list(self.held.values()))

    # ---- what changes ----

    def take(self, worker: int, pool: str) -> None:
        self.held[worker] = pool
        self._move(pool, -1)

    def free(self, worker: int) -> None:
        if pool := self.held.pop(worker, None):
            self._move(pool, 1)
            if self._waiting and any(self.room.get(slot) == 1 for slot in slots_of(pool)):
                self._freed = True

    def _move(self, pool: str, by: int) -> None:
        limited = [slot for slot in slots_of(pool) if slot in self.room]
        for slot in limited:
            self.room[slot] += by
        if limited:
            self._see()

    def _see(self) -> None:
        left = self._room or {}
        self._full = full(left, EVERY_POOL) if any(more <= 0 for more in left.values()) else []

    # ---- who waits for room ----

    def wait(self, run_id: int, wish: Wish | None) -> None:
        """Keeps in mind what a run that has agents left would begin if there were room; None: nothing."""
        if wish is None:
            self._waiting.pop(run_id, None)
        else:
            self._waiting[run_id] = wish

    def called(self) -> list[int]:
        """Runs that should look again: there is room where there was none. Each is called once."""
        if not self._freed:
            return []
        found, self._waiting, self._freed = self._waiting, {}, False
        self._called |= found
        return sorted(found, key=lambda run_id: (found[run_id].priority, run_id))

    def yields(self, run_id: int, pool: str, priority: int) -> bool:
        """Whether what room there is for this is for other runs first, which waited for it with something more urgent.
        Whoever yields waits, and is called again when they have had their turn."""
        ahead = self._called | self._waiting if self._freed else self._called
        wishes = [wish for other, wish in ahead.items() if other != run_id and wish.priority < priority]
        slots = [slot for slot in slots_of(pool) if wishes and slot in self.room]
        return any(sum(slot in wish.slots for wish in wishes) >= self.room[slot] for slot in slots)

    def had_turn(self, run_id: int) -> None:
        """The run that was called has taken what it could: what is left is for those who waited for it."""
        wish = self._called.pop(run_id, None)
        if wish and self._waiting and any(self.room.get(slot, 0) > 0 for slot in wish.slots):
            self._freed = True

    def set_limits(self, asked: dict[str, int], narrowed: dict[str, int]) -> None:
        """Others than before: whoever waits looks again."""
        if asked != self.asked or narrowed != self.narrowed:
            self.asked, self.narrowed, self._room, self._freed = asked, narrowed, None, True

    def copy(self) -> "Slots":
        """For a transaction that may be rolled back."""
        return replace(
            self,
            narrowed=dict(self.narrowed),
            held=dict(self.held),
            _room=None if self._room is None else dict(self._room),
            _waiting=dict(self._waiting),
            _called=dict(self._called),
        )
