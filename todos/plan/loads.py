"""How long what is claimed is needed at least: no schedule is shorter than its busiest resource has to do."""

from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from todos.plan import bounds
from todos.plan.claims import API
from todos.plan.conflicts import Units

Key = TypeVar("Key", bound=Hashable)
LANE = "lane"


@dataclass(frozen=True, slots=True)
class Load:
    """Seconds that a resource is needed, were it fully used all the time."""

    seconds: float
    kind: str
    name: str


def busiest(
    units: Iterable[Units[Key]],
    calls: Mapping[str, Mapping[Key, int]],
    rate: Mapping[str, float],
    seconds: Mapping[Key, float],
) -> Load | None:
    """Only what `seconds` has counts. `calls` of each API, by whom; `rate`: calls a second by name, under "" of all
    others. None where nothing is claimed that could keep anybody waiting."""
    found = [*_held(units, seconds), *_called(calls, rate, seconds)]
    return max(found, key=lambda load: load.seconds, default=None)


def _held(units: Iterable[Units[Key]], seconds: Mapping[Key, float]) -> Iterator[Load]:
    for one in units:
        load = sum(seconds[key] * held for key, held in one.held.items() if key in seconds)
        yield Load(load / one.capacity, one.kind, one.name)


def _called(
    calls: Mapping[str, Mapping[Key, int]], rate: Mapping[str, float], seconds: Collection[Key]
) -> Iterator[Load]:
    for name, held in calls.items():
        amounts, per_second = [amount for key, amount in held.items() if key in seconds], rate.get(name, rate[""])
        if sum(amounts) > per_second:
            yield Load(bounds.delay(amounts, per_second), API, name)


def lane(name: str, keys: Iterable[Key], undeclared: Collection[Key]) -> Units[Key]:
    """Under `hybrid` a change of which nobody said what it claims has no other change beside it."""
    held = list(keys)
    return Units(LANE, name, len(held), {key: len(held) if key in undeclared else 1 for key in held})
