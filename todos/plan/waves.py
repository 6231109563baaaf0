"""Waves: a view of a plan, in which all of a wave could run side by side. Nothing waits for a wave to end."""

from collections.abc import Collection, Mapping, Sequence

from todos.plan import graph
from todos.plan.conflicts import Units

Limits = Sequence[Units[str]]


def apart(needs: Mapping[str, Collection[str]], alone: Collection[str]) -> list[Units[str]]:
    """The units that keep some apart from everything else."""
    if not alone:
        return []
    return [Units("agent", "", len(needs), dict.fromkeys(needs, 1) | dict.fromkeys(alone, len(needs)))]


def waves(needs: Mapping[str, Collection[str]], limits: Limits = ()) -> list[list[str]]:
    """Each in the first wave after all it depends on in which nothing stands in its way. Raises graph.CycleError."""
    levels = [_Level(limit) for limit in limits]
    mine: dict[str, list[tuple[_Level, int]]] = {}
    for level, limit in zip(levels, limits):
        for key, units in limit.held.items():
            mine.setdefault(key, []).append((level, units))
    at: dict[str, int] = {}
    found: list[list[str]] = []
    for key in graph.order(needs):
        held = mine.get(key, ())
        wave = max((at[need] + 1 for need in needs[key]), default=0)
        while (later := max((level.fits(wave, units) for level, units in held), default=wave)) > wave:
            wave = later
        for level, units in held:
            level.take(wave, units)
        at[key] = wave
        found.extend([] for _ in range(wave + 1 - len(found)))
        found[wave].append(key)
    return [wave for wave in found if wave]


class _Level:
    """What each wave has left of one resource."""

    def __init__(self, limit: Units[str]) -> None:
        self._capacity = limit.capacity
        self._used: list[int] = []
        self._full = 0  # all waves before it have nothing left

    def fits(self, wave: int, units: int) -> int:
        """The first wave, from this one on, that has so many units left."""
        wave = max(wave, self._full)
        while wave < len(self._used) and self._used[wave] + units > self._capacity:
            wave += 1
        return wave

    def take(self, wave: int, units: int) -> None:
        self._used.extend([0] * (wave + 1 - len(self._used)))
        self._used[wave] += units
        while self._full < len(self._used) and self._used[self._full] >= self._capacity:
            self._full += 1
