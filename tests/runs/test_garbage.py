"""A process that serves looks for garbage seldom, and still finds it."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from runs import garbage


class Knot:
    """Holds on to itself: only the collector frees it."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    threshold = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*threshold)


def test_what_is_there_is_not_looked_through_again() -> None:
    garbage.look_seldom()
    assert gc.get_freeze_count() > 10_000
    assert gc.get_threshold()[0] == garbage.OBJECTS


def test_what_comes_later_and_is_garbage_goes() -> None:
    garbage.look_seldom()
    gone = weakref.ref(Knot())
    kept: list[list[int]] = []
    for _ in range(2 * garbage.OBJECTS):
        kept.append([])
        if gone() is None:
            break
    assert gone() is None
