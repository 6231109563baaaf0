"""Real processes that are ended and cut off lose nothing, and complete nothing twice (`make faults`: for longer)."""

import pytest

from tests.faults.judge import perform

pytestmark = pytest.mark.services


def test_nothing_is_lost_and_nothing_completed_twice(capfd: pytest.CaptureFixture[str]) -> None:
    assert perform(seconds=8, seed=1), capfd.readouterr().out
