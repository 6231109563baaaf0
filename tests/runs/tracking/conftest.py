from collections.abc import Iterator

import pytest

from tests.runs.tracking.watching import broken


@pytest.fixture(autouse=True)
def _promises(db: None) -> Iterator[None]:
    """Whatever a test reports, the database keeps its promises."""
    yield
    assert broken() == []
