"""`manage.py agent --token TOKEN`: an outside agent, the same that `/agent.py` hands out."""

from typing import Any

from django.core.management.base import BaseCommand

from runs.portable import agent


class Command(BaseCommand):
    help = "Works as an outside agent: leases subtasks over REST and carries them out here."

    def run_from_argv(self, argv: list[str]) -> None:
        """Its options are those of the file it is."""
        agent.main(argv[2:])

    def handle(self, *args: Any, **options: Any) -> None:
        agent.main([])
