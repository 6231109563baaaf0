from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User

from tests.factories import Api, token_of
from tests.runs.tracking import recorded
from tests.runs.tracking.watching import broken


@pytest.fixture(autouse=True)
def _promises(db: None) -> Iterator[None]:
    """Whatever a test reports, the database keeps its promises."""
    yield
    assert broken() == []


@pytest.fixture
def claude(ada: User) -> recorded.Session:
    return recorded.Session(Api(token_of(ada, "agent")))
