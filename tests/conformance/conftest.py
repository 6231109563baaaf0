"""The server that things go wrong around: on SQLite, on a clock that tests may set."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.clocks import WallClock, compiler
from tests.conformance.places import Place


@pytest.fixture(scope="session")
def clock(tmp_path_factory: pytest.TempPathFactory) -> WallClock | None:
    """None: there is no compiler for it."""
    return WallClock(tmp_path_factory.mktemp("clock")) if compiler() else None


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory, clock: WallClock | None) -> Iterator[Place]:
    """It must keep its promises in the end."""
    with ExitStack() as stack:
        found = Place(stack, tmp_path_factory.mktemp("faults"), **(clock.environment if clock else {}))
        found.start("server", "manage.py", "up")
        found.ready()
        found.call("POST", "agents/", {"name": "outside"})
        yield found
        assert "clean" in found.python("manage.py", "verify")
