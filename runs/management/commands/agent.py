"""`manage.py agent --token TOKEN`: an outside agent, the same that `/agent.py` hands out."""

from argparse import Namespace
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from runs.portable import agent


class Command(BaseCommand):
    help = "Works as an outside agent: leases subtasks over REST and carries them out here."

    def add_arguments(self, parser: CommandParser) -> None:
        agent.add_options(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        agent.work(Namespace(**options))
