"""Loses hints on their way, as networks do: of those to pages through Redis, between processes by NOTIFY, and of
Celery's messages, HINT_LOSS (a share) each. HINTS_LOST names a file that gets a byte for each."""

import os
import random
from pathlib import Path
from typing import Any

from channels_redis.core import RedisChannelLayer  # type: ignore[import-untyped]
from django.apps import AppConfig

from runs.orchestrating.broker import Publisher
from runs.orchestrating.neighbours import Neighbours


class Lossy(AppConfig):
    name = "tests.faults"

    def ready(self) -> None:
        lose_on_the_way(float(os.environ["HINT_LOSS"]), Path(os.environ["HINTS_LOST"]))


def lose_on_the_way(share: float, book: Path) -> None:
    """From now on, in this process."""
    to_pages, to_neighbours, to_workers = RedisChannelLayer.group_send, Neighbours._heard, Publisher._deliver

    def lost() -> bool:
        if random.random() >= share:
            return False
        with book.open("ab") as file:
            file.write(b".")
        return True

    async def group_send(self: Any, *said: Any) -> None:
        if not lost():
            await to_pages(self, *said)

    def heard(self: Neighbours, payload: str) -> None:
        if not lost():
            to_neighbours(self, payload)

    def deliver(self: Publisher, messages: Any, again: bool) -> None:
        to_workers(self, [one for one in messages if not lost()], again)

    RedisChannelLayer.group_send = group_send
    Neighbours._heard = heard  # type: ignore[method-assign]
    Publisher._deliver = deliver  # type: ignore[method-assign]
