"""`manage.py worker`: a Celery worker that carries out subtasks of runs on the backend `celery`."""

import os
import socket
import sys
from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from runs.orchestrating import broker

POOLS = ("threads", "prefork")  # as Celery calls them


def _seats(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 1_000:
        raise ArgumentTypeError("a whole number from 1 to 1000")
    return int(text)


class Command(BaseCommand):
    help = "Carries out subtasks of runs whose backend is celery. SIGTERM hands back what is under way."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--seats", type=_seats, default=4, help="subtasks at once")
        parser.add_argument("--name", default="", help="what its agents are called; the same after a restart")
        parser.add_argument("--lane", choices=broker.LANES, action="append", help="of these lanes only")
        parser.add_argument("--pool", choices=POOLS, default=POOLS[0], help="a seat is a thread, or a process")

    def handle(self, *args: Any, **options: Any) -> None:
        if why := broker.hindrance():
            raise CommandError(why)
        from runs.backends import celery_app

        name = options["name"] or f"worker-{os.getpid()}"
        lanes = options["lane"] or broker.LANES
        celery_app.work(f"{name}@{socket.gethostname()}", options["seats"], lanes, options["pool"])
        sys.exit(0)
