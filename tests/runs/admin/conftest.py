import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.runs.admin.pages import go_on
from tests.runs.factories import Work, work


@pytest.fixture
def browser(ada: User) -> Client:
    """Ada's, signed in."""
    client = Client()
    client.force_login(ada)
    return client


@pytest.fixture
def made(ada: User) -> Work:
    """A run of two, the first done."""
    made = work({"a": {}, "b": {"needs": ["a"]}})
    go_on(made)
    made.do("a")
    return made
