"""`manage.py create_token NAME --scope operator`: prints a new bearer token, and nothing else."""

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from runs import tokens
from runs.models import Run, Scope

MAX_DAYS = 36_500


class Command(BaseCommand):
    help = "Prints a new bearer token of the owner. It is shown this once; its digest is stored."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="what the token is for, as the list of tokens will show it")
        parser.add_argument("--scope", required=True, choices=Scope.values)
        parser.add_argument("--commands", action="store_true", help="may make subtasks that run commands")
        parser.add_argument("--run", type=int, metavar="ID", help="narrows it to one run")
        parser.add_argument("--days", type=int, metavar="N", help="how long it lives; without, until it is revoked")

    def handle(self, *args: Any, **options: Any) -> None:
        expires_at = None
        if (days := options["days"]) is not None:
            if not 1 <= days <= MAX_DAYS:
                raise CommandError(f"--days is a number from 1 to {MAX_DAYS}")
            expires_at = timezone.now() + timedelta(days=days)
        run = None
        if options["run"] is not None:
            run = Run.objects.filter(pk=options["run"]).first()
            if run is None:
                raise CommandError(f"there is no run {options['run']}")
        if not 1 <= len(options["name"]) <= 200:
            raise CommandError("a name has 1 to 200 characters")
        text = tokens.make(
            run.owner if run else tokens.owner(),
            options["name"],
            scope=options["scope"],
            commands=options["commands"],
            run=run,
            expires_at=expires_at,
        )
        self.stdout.write(text)
