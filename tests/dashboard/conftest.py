import asyncio
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from channels.layers import channel_layers
from django.contrib.auth.models import User
from django.db import connections
from django.test import Client

from dashboard.sockets import live
from tests.dashboard.sockets.clients import Headers, by_token
from tests.dashboard.virtual_time import VirtualLoop
from tests.factories import token_of
from tests.scenes import Scene, scene


def pytest_asyncio_loop_factories(config: Any, item: Any) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"loop": VirtualLoop if item.get_closest_marker("virtual_time") else asyncio.new_event_loop}


@pytest.fixture
def sockets(transactional_db: None) -> Iterator[None]:
    """For tests that open sockets: no hints of an earlier test, and no connections left open by the live view."""
    channel_layers.backends.clear()
    yield
    everyone = threading.Barrier(live.READERS)

    def close() -> None:
        connections.close_all()
        everyone.wait(30)

    for closing in [live.readers.submit(close) for _ in range(live.READERS)]:
        closing.result()


@pytest.fixture
def browser(ada: User) -> Client:
    """Ada's, signed in."""
    client = Client()
    client.force_login(ada)
    return client


@pytest.fixture
def eves(eve: User) -> Client:
    """Eve's, signed in."""
    client = Client()
    client.force_login(eve)
    return client


@pytest.fixture
def run(ada: User) -> Scene:
    """Ada's, of ten subtasks, not begun."""
    return scene(ada, [f"k{number}" for number in range(10)])


@pytest.fixture
def me(ada: User) -> Headers:
    """What Ada's viewer sends when it opens a socket."""
    return by_token(token_of(ada, "viewer"))
