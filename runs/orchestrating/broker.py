"""The Celery application, and who sends its messages. The broker is optional, and so is Celery: it is imported only
where CELERY_BROKER_URL names one.

A message holds the number of an attempt and its epoch. Nothing is sent back: results go into the database.
"""

import logging
import queue
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import Any

from django.conf import settings
from django.db import connection

TASK = "abreast.attempt"
LANES = ("query", "execute")
MOST_WAITING = 20_000  # messages; more than that are dropped, and sent again by the sweep
PATIENCE_SECONDS = 5.0  # with a broker that does not answer

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Message:
    """Where one attempt is to be taken up. `priority` is that of its subtask: the smallest goes first. So is
    `timeout_seconds`, within which its executor ends by itself."""

    attempt: int
    epoch: int
    lane: str
    priority: int
    timeout_seconds: float


def queue_of(lane: str) -> str:
    return f"abreast.{lane}"


@cache
def app() -> Any:
    """Celery's. JSON only, no results; a message is acknowledged when its attempt is over."""
    from celery import Celery
    from kombu.entity import Queue

    made = Celery("abreast", broker=settings.CELERY_BROKER_URL, set_as_current=False)
    made.conf.update(
        accept_content=["json"],
        task_serializer="json",
        task_ignore_result=True,
        task_store_errors_even_if_ignored=False,
        result_backend=None,
        task_acks_late=True,
        task_reject_on_worker_lost=False,
        worker_prefetch_multiplier=1,
        task_queues=[
            Queue(queue_of(lane), routing_key=queue_of(lane), queue_arguments=_priorities()) for lane in LANES
        ],
        task_default_queue=queue_of(LANES[0]),
        task_create_missing_queues=False,
        broker_connection_timeout=PATIENCE_SECONDS,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options={
            "socket_timeout": 2 * PATIENCE_SECONDS,
            "socket_connect_timeout": PATIENCE_SECONDS,
            "socket_keepalive": True,
        },
        worker_hijack_root_logger=False,
        worker_send_task_events=False,
        worker_cancel_long_running_tasks_on_connection_loss=False,
    )
    return made


def hindrance() -> str:
    """Why runs cannot be carried out by Celery here; empty when they can."""
    if not settings.CELERY_BROKER_URL:
        return "Celery needs a broker: set CELERY_BROKER_URL"
    if connection.vendor == "sqlite":
        return "Celery needs PostgreSQL, which many processes can write to: set DATABASE_URL"
    if find_spec("celery") is None:
        return "Celery is not installed: install requirements/scale.txt"
    return ""


def _on_redis() -> bool:
    return settings.CELERY_BROKER_URL.startswith(("redis", "unix"))


def _priorities() -> dict[str, int]:
    return {} if _on_redis() else {"x-max-priority": 9}


def priority_of(message: Message) -> int:
    """As the broker has it: on Redis 0 goes first, elsewhere 9."""
    step = min(9, 3 * (max(1, message.priority) - 1))
    return step if _on_redis() else 9 - step


def limits(message: Message) -> tuple[float, float]:
    """Celery's soft and hard time limit in seconds: behind our own, for what heeds neither that nor a cancel."""
    soft = message.timeout_seconds + settings.BACKSTOP_SECONDS
    return soft, soft + settings.BACKSTOP_SECONDS


class Publisher:
    """Sends messages from a thread of its own: a broker that is away holds nobody up. What cannot be sent is dropped;
    the sweep notices, and has it sent again."""

    def __init__(self) -> None:
        self._waiting: queue.SimpleQueue[tuple[Sequence[Message], bool]] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._connection: Any = None
        self._count = 0

    def send(self, messages: Sequence[Message]) -> None:
        self._put(messages, again=False)

    def send_again(self, messages: Sequence[Message]) -> None:
        """Sends those whose queue is empty: where others wait they may just be behind them."""
        if messages and self._count == 0:
            self._put(messages, again=True)

    def _put(self, messages: Sequence[Message], *, again: bool) -> None:
        if not settings.CELERY_BROKER_URL:
            return
        with self._lock:
            if self._count + len(messages) > MOST_WAITING:
                return
            self._count += len(messages)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._work, name="publisher", daemon=True)
                self._thread.start()
        self._waiting.put((messages, again))

    def _work(self) -> None:
        while True:
            messages, again = self._waiting.get()
            try:
                self._deliver(messages, again)
            except Exception as error:
                log.warning("the broker does not take messages: %s", error)
                self._hang_up()
            with self._lock:
                self._count -= len(messages)

    def _deliver(self, messages: Sequence[Message], again: bool) -> None:
        if self._connection is None:
            self._connection = app().connection_for_write()
        empty = {lane for lane in LANES if not again or self._depth(lane) == 0}
        with app().amqp.Producer(self._connection, auto_declare=False) as producer:
            for message in messages:
                if message.lane in empty:
                    soft, hard = limits(message)
                    app().send_task(
                        TASK,
                        args=(message.attempt, message.epoch),
                        queue=queue_of(message.lane),
                        priority=priority_of(message),
                        soft_time_limit=soft,
                        time_limit=hard,
                        producer=producer,
                        retry=False,
                        ignore_result=True,
                    )

    def _depth(self, lane: str) -> int:
        """Messages that no worker has."""
        channel = self._connection.default_channel
        try:
            return int(channel.queue_declare(queue_of(lane), passive=True).message_count)
        except self._connection.channel_errors:
            return 0  # there is no such queue: nothing was ever sent, or all is gone

    def _hang_up(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.release()
            except Exception as error:
                log.debug("the broken connection could not be closed: %s", error)


publisher = Publisher()
