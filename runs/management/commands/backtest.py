"""`manage.py backtest --observations IN.jsonl --out OUT.jsonl`: estimates for recorded runs, on all cores."""

import json
import multiprocessing
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from runs.estimating import observations
from runs.estimating.observations import Observation
from todos.plan.problem import Unfit


class Command(BaseCommand):
    help = "Estimates, for moments of recorded runs (JSON lines), how long they still take, as a run's page does."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--observations", type=Path, required=True, help="the file with the moments, one a line")
        parser.add_argument("--out", type=Path, required=True, help="the file for the estimates, one a line")

    def handle(self, *args: Any, **options: Any) -> None:
        found = self._read(options["observations"])
        try:
            with options["out"].open("w", encoding="utf-8") as out:
                for answers in self._answers(found):
                    out.writelines(json.dumps(each, separators=(",", ":")) + "\n" for each in answers)
        except OSError as error:
            raise CommandError(f"cannot write: {error}") from None
        self.stdout.write(f"{sum(map(len, found))} estimated")

    def _read(self, path: Path) -> list[list[Observation]]:
        """Run by run."""
        found: dict[str, list[Observation]] = {}
        try:
            with path.open(encoding="utf-8") as lines:
                for number, line in enumerate(lines, 1):
                    if line.strip():
                        one = self._observation(number, line)
                        found.setdefault(json.dumps(one.run), []).append(one)
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"cannot read the observations: {error}") from None
        return list(found.values())

    def _observation(self, number: int, line: str) -> Observation:
        try:
            return observations.read(line)
        except Unfit as error:
            raise CommandError(f"line {number}: {error}") from None

    def _answers(self, found: list[list[Observation]]) -> Iterator[list[dict[str, Any]]]:
        """In the order of the runs."""
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        # The matrices are small: more threads for them would only get into each other's way.
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
        with multiprocessing.get_context("spawn").Pool(max(1, min(cores, len(found)))) as pool:
            yield from pool.imap(observations.answers, found)
