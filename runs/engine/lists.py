"""Which entries of a list are those of the list before it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Known:
    """An entry of the list before. One that has ended is never renamed."""

    key: str
    content: str
    id: str | None = None
    ended: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """An entry of the list as it is now."""

    content: str
    status: str
    id: str | None = None
    doing: str | None = None
    priority: int | None = None


def match(before: Sequence[Known], now: Sequence[Item]) -> list[Known | None]:
    """For each entry the one that it was before: by id, then by content, then by position. None: it is new."""
    found: list[Known | None] = [None] * len(now)
    left = dict(enumerate(before))
    _take(found, left, now, lambda at, known, place: known.id is not None and known.id == now[at].id)
    _take(found, left, now, lambda at, known, place: known.content == now[at].content and _may_be(known, now[at]))
    _take(found, left, now, lambda at, known, place: place == at and not known.ended and _may_be(known, now[at]))
    return found


def _may_be(known: Known, item: Item) -> bool:
    """Two ids that differ are two entries, whatever they say."""
    return known.id is None or item.id is None or known.id == item.id


def _take(
    found: list[Known | None],
    left: dict[int, Known],
    now: Sequence[Item],
    fits: Callable[[int, Known, int], bool],
) -> None:
    for at in range(len(now)):
        if found[at] is None:
            places = [place for place, known in left.items() if fits(at, known, place)]
            if places:
                nearest = min(places, key=lambda place: (place != at, place))
                found[at] = left.pop(nearest)
