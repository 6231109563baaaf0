"""`manage.py backtest`: what was expected of stored runs, beside what came true. With `--observations IN.jsonl --out
OUT.jsonl`: estimates for recorded runs, on all cores.
"""

import json
import multiprocessing
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from runs.estimating import observations, record
from runs.estimating.observations import Observation
from runs.insight.past import kinds_of
from runs.models import Checkpoint
from todos.plan.problem import Unfit


class Command(BaseCommand):
    help = (
        "Tells how far the estimates that the pages showed were off, by kind of run. Given moments of recorded runs "
        "(JSON lines), estimates how long they still take, as a run's page does."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--observations", type=Path, help="the file with the moments, one a line")
        parser.add_argument("--out", type=Path, help="the file for the estimates, one a line")

    def handle(self, *args: Any, **options: Any) -> None:
        if bool(options["observations"]) != bool(options["out"]):
            raise CommandError("--observations and --out come together")
        if not options["out"]:
            self._tell()
            return
        found = self._read(options["observations"])
        try:
            with options["out"].open("w", encoding="utf-8") as out:
                for answers in self._answers(found):
                    out.writelines(json.dumps(each, separators=(",", ":")) + "\n" for each in answers)
        except OSError as error:
            raise CommandError(f"cannot write: {error}") from None
        self.stdout.write(f"{sum(map(len, found))} estimated")

    def _tell(self) -> None:
        """The record of all stored runs, then that of each kind."""
        runs = list(Checkpoint.objects.order_by().values_list("run", flat=True).distinct())
        if (whole := record.record(runs)) is None:
            self.stdout.write("no run that was estimated has ended yet")
            return
        kinds: dict[str, list[int]] = {}
        for run, kind in kinds_of(runs).items():
            kinds.setdefault(kind, []).append(run)
        by_kind = {kind: record.record(kinds[kind]) for kind in sorted(kinds)}
        for name, found in [("all", whole), *by_kind.items()]:
            if found:
                self.stdout.write(f"{name}: {_in_words(found)}")

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
        os.environ.update(OPENBLAS_NUM_THREADS="1")
        with multiprocessing.get_context("spawn").Pool(max(1, min(cores, len(found)))) as pool:
            yield from pool.imap(observations.answers, found)


def _in_words(found: record.Record) -> str:
    """Errors in percent of the whole time of a run, medians."""
    early, late = (
        "none" if error is None else f"{error:.1f}%" for error in (found.early_error_percent, found.late_error_percent)
    )
    return (
        f"runs={found.runs} n={found.checkpoints} median {found.error_percent:.1f}% early {early} late {late} "
        f"coverage {found.coverage_percent:.0f}% interval score {found.interval_score:.0f}"
    )
