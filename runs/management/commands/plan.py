"""`manage.py plan --problems IN.jsonl --out OUT.jsonl [--solver]`: plans the problems of a file, on all cores."""

import json
import multiprocessing
import os
from argparse import ArgumentTypeError
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from runs.planning import problems, solver
from runs.planning.problems import Named
from todos.plan.problem import Unfit


def seconds(text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = -1.0
    if not 0 <= found <= 3600:
        raise ArgumentTypeError("a number of seconds from 0 to 3600 is needed")
    return found


class Command(BaseCommand):
    help = "Plans scheduling problems (JSON lines) as todos are planned, and writes when each task starts."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--problems", type=Path, required=True, help="the file with the problems, one a line")
        parser.add_argument("--out", type=Path, required=True, help="the file for the plans, one a line")
        parser.add_argument("--solver", action="store_true", help="let CP-SAT close what the search leaves open")
        parser.add_argument("--seconds", type=seconds, help="the most for one problem; default: 0.9, or 1.3")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["solver"] and not solver.available():
            raise CommandError("--solver needs OR-tools: pip install --require-hashes -r requirements/solver.txt")
        found = self._read(options["problems"])
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        processes = max(1, min(cores, len(found)))
        usual = problems.SOLVER_SECONDS if options["solver"] else problems.SECONDS
        work = partial(
            problems.answer,
            seconds=usual if options["seconds"] is None else options["seconds"],
            with_solver=options["solver"],
            workers=max(1, cores // processes),
        )
        try:
            with options["out"].open("w", encoding="utf-8") as out:
                for answer in self._answers(work, found, processes):
                    out.write(json.dumps(answer, separators=(",", ":")) + "\n")
        except OSError as error:
            raise CommandError(f"cannot write: {error}") from None
        self.stdout.write(f"{len(found)} planned")

    def _read(self, path: Path) -> list[Named]:
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"cannot read the problems: {error}") from None
        found = []
        for number, line in enumerate(lines, 1):
            if line.strip():
                try:
                    found.append(problems.read(line))
                except Unfit as error:
                    raise CommandError(f"line {number}: {error}") from None
        return found

    def _answers(self, work: Any, found: list[Named], processes: int) -> Iterator[dict[str, Any]]:
        """In the order of the problems."""
        with multiprocessing.get_context("spawn").Pool(processes) as pool:
            yield from pool.imap(work, found)
