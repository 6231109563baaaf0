"""What is sent to Celery's broker: the number of an attempt and its epoch, to its lane's queue, most urgent first."""

from collections.abc import Iterator
from typing import Any

import pytest

from runs.orchestrating import broker


@pytest.fixture
def application(settings: Any) -> Iterator[Any]:
    """Celery's, with a broker in the memory of this process."""
    settings.CELERY_BROKER_URL = "memory://"
    broker.app.cache_clear()
    yield broker.app()
    broker.app.cache_clear()


@pytest.fixture
def publisher(application: Any) -> Iterator[broker.Publisher]:
    made = broker.Publisher()
    with application.connection_for_write() as connection:
        for queue in application.conf.task_queues:
            queue(connection.default_channel).declare()
        yield made
        for queue in application.conf.task_queues:
            queue(connection.default_channel).delete()


def sent(application: Any, lane: str) -> Any:
    """The next message in the queue of that lane."""
    with application.connection_for_read() as connection, connection.SimpleQueue(broker.queue_of(lane)) as queue:
        message = queue.get(block=False)
        message.ack()
        return message


def test_a_message_is_json_with_an_attempt_and_its_epoch(application: Any, publisher: broker.Publisher) -> None:
    publisher._deliver([broker.Message(7, 2, "query", 1, 60.0)], again=False)
    message = sent(application, "query")
    arguments, named, _ = message.payload
    assert (arguments, named) == ([7, 2], {})
    assert (message.content_type, message.headers["task"]) == ("application/json", broker.TASK)
    assert message.headers["ignore_result"] is True
    assert message.headers["timelimit"] == [90, 75], "hard and soft: behind its time-out of 60"


def test_it_goes_to_the_queue_of_its_lane_with_the_priority_of_its_subtask(
    application: Any, publisher: broker.Publisher
) -> None:
    publisher._deliver([broker.Message(1, 1, "execute", 1, 60.0), broker.Message(2, 1, "query", 3, 60.0)], again=False)
    urgent, later = sent(application, "execute"), sent(application, "query")
    assert (urgent.payload[0], later.payload[0]) == ([1, 1], [2, 1])
    assert urgent.properties["priority"] > later.properties["priority"]  # 9 goes first, but on Redis


@pytest.mark.parametrize(("address", "first"), [("redis://x/0", 0), ("amqp://x//", 9)])
def test_the_most_urgent_has_the_priority_that_the_broker_takes_first(settings: Any, address: str, first: int) -> None:
    settings.CELERY_BROKER_URL = address
    found = [broker.priority_of(broker.Message(1, 1, "query", priority, 60.0)) for priority in (1, 2, 3, 4)]
    assert found[0] == first
    assert found == sorted(found, reverse=first == 9) and len(set(found)) == 4


def test_what_is_empty_is_offered_again_and_what_waits_is_not(application: Any, publisher: broker.Publisher) -> None:
    publisher._deliver([broker.Message(1, 1, "query", 1, 60.0)], again=False)
    publisher._deliver([broker.Message(2, 1, "query", 1, 60.0), broker.Message(3, 1, "execute", 1, 60.0)], again=True)
    assert sent(application, "execute").payload[0] == [3, 1]
    assert publisher._depth("query") == 1


def test_celery_keeps_no_results_takes_json_only_and_acknowledges_late(application: Any) -> None:
    told = application.conf
    assert told.accept_content == ["json"] and told.task_serializer == "json"
    assert told.result_backend is None and told.task_ignore_result
    assert told.task_acks_late and told.worker_prefetch_multiplier == 1
    assert not told.task_create_missing_queues
    assert [queue.name for queue in told.task_queues] == ["abreast.query", "abreast.execute"]
