"""`manage.py verify [--run ID] [--json]`: 0 clean, 1 violated, 2 could not check."""

import json
import sys
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError
from django.utils import timezone

from runs.models import Run
from runs.verify import Finding, verify


class Command(BaseCommand):
    help = "Checks that the database keeps its promises: the invariants of runs, subtasks, attempts and events."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--run", type=int, help="check one run only")
        parser.add_argument("--json", action="store_true", help="print the findings as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["run"] is not None and not Run.objects.filter(pk=options["run"]).exists():
                self._cannot(f"there is no run {options['run']}")
            findings = verify(options["run"], timezone.now())
        except (DatabaseError, OverflowError) as error:
            self._cannot(str(error))
        violated = sum(finding.count for finding in findings)
        if options["json"]:
            self.stdout.write(json.dumps({"violations": violated, "checks": [asdict(found) for found in findings]}))
        else:
            self._tell(findings, violated)
        if violated:
            sys.exit(1)

    def _tell(self, findings: list[Finding], violated: int) -> None:
        for finding in findings:
            state = "ok" if not finding.count else f"VIOLATED {finding.count} times"
            self.stdout.write(f"{finding.id:>4}  {state:<22} {finding.says}")
            for sentence in finding.shown:
                self.stdout.write(f"          {sentence}")
        self.stdout.write("clean" if not violated else f"{violated} violations")

    def _cannot(self, why: str) -> None:
        self.stderr.write(f"could not check: {why}")
        sys.exit(2)
