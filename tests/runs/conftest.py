"""Fixtures of the tests of runs."""

from collections.abc import Iterator

import pytest

from dashboard.sqlite.base import forget_idle_connections
from tests.runs.acting import Puppet, Stage, register
from tests.runs.factories import violations


@pytest.fixture(scope="session", autouse=True)
def _close_idle_connections() -> Iterator[None]:
    """Python warns of connections that nobody closed."""
    yield
    forget_idle_connections()


@pytest.fixture
def puppet(monkeypatch: pytest.MonkeyPatch) -> Puppet:
    made = Puppet()
    register(monkeypatch, "puppet", made.run)
    return made


@pytest.fixture
def stage(db: None, puppet: Puppet, caplog: pytest.LogCaptureFixture) -> Iterator[Stage]:
    """An embedded server. Whatever a test does with it, the database must keep its promises."""
    made = Stage(puppet)
    yield made
    made.close()
    assert "the ledger stumbled" not in caplog.text
    assert violations(made.clock()) == []
