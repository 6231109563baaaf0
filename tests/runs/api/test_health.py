"""Whether a web process answers, and whether what it needs answers it."""

from collections.abc import Iterator
from typing import Any

import pytest
from channels.layers import channel_layers
from django.db import DatabaseError, connection
from django.test import Client


@pytest.fixture
def no_channel_layer(settings: Any) -> Iterator[None]:
    """A Redis where nobody listens."""
    before = dict(channel_layers.backends)
    hosts = [{"address": "redis://127.0.0.1:9/0", "socket_connect_timeout": 1}]
    settings.CHANNEL_LAYERS = {
        "default": {"BACKEND": "channels_redis.core.RedisChannelLayer", "CONFIG": {"hosts": hosts}}
    }
    channel_layers.backends.clear()
    yield
    channel_layers.backends.clear()
    channel_layers.backends.update(before)


@pytest.mark.django_db
def test_it_is_ready_when_database_and_channel_layer_answer(client: Client) -> None:
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "missing": []})


@pytest.mark.django_db
def test_a_database_that_does_not_answer_is_named(client: Client) -> None:
    def fail(*_: Any) -> Any:
        raise DatabaseError("it is away")

    with connection.execute_wrapper(fail):
        answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (503, {"status": "missing", "missing": ["database"]})


@pytest.mark.django_db
def test_a_redis_that_does_not_answer_is_named(client: Client, no_channel_layer: None) -> None:
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (503, {"status": "missing", "missing": ["channel layer"]})


def test_that_it_answers_needs_nothing_else(client: Client) -> None:
    answer = client.get("/healthz")  # no database: the test has none
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
