"""Fixtures of the papers' cases."""

from collections.abc import Iterator

import pytest

from runs.executors import running
from tests.papers.playing import Theatre
from tests.runs.acting import register
from tests.runs.api.conftest import folder, workspace  # noqa: F401  (fixtures)
from tests.runs.conftest import _close_idle_connections  # noqa: F401  (a fixture)
from tests.runs.factories import violations


@pytest.fixture
def theatre(db: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Iterator[Theatre]:
    """All that is dispatched there is acted: it takes just what it is estimated to take, by the theatre's clock."""
    made = Theatre()
    for name in list(running.MODULES):
        register(monkeypatch, name, made.puppet.run)
    yield made
    made.close()
    assert "the ledger stumbled" not in caplog.text
    assert violations(made.clock()) == []
