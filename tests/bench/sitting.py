"""One sitting of the benchmark: where its programs run, each in a process of its own, and what they said."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.bench.lines import NOISY, Sample
from tests.bench.noise import Noise

ROOT = Path(__file__).resolve().parents[2]
LIMIT_SECONDS = 300.0
LOOK_SECONDS = 0.3


class ProgramFailed(Exception):
    """A program of the benchmark ended badly; says how."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a program printed about itself, and the CPU that others used while it ran."""

    figures: Mapping[str, Any]
    other_cpu: float

    def __getitem__(self, name: str) -> Any:
        return self.figures[name]


@dataclass(slots=True)
class Sitting:
    """`rounds`: how often each thing is measured; the median counts. `log` takes what programs say to stderr.

    `patience`: seconds that are left for others: to wait until they are done, and to run again what they disturbed.
    `problems`: a file of scheduling problems to dispatch instead of those made up.
    """

    folder: Path
    rounds: int
    log: Path
    patience: float = 0.0
    problems: Path | None = None

    @contextmanager
    def home(self) -> Iterator[dict[str, str]]:
        """The environment of a program: a home folder of its own, and none of the settings of whoever runs this."""
        with TemporaryDirectory(dir=self.folder) as home:
            yield environment(Path(home))

    def run(self, program: str, *arguments: object, env: Mapping[str, str] | None = None) -> Said:
        """Runs `tests.bench.work.<program>` in a home of its own; again while it is disturbed and patience lasts."""
        self._wait_for_calm()
        said = self._run_once(program, arguments, env or {})
        while said.other_cpu > NOISY and self.patience > 0:
            with self._patiently():
                self._wait_for_calm()
                again = self._run_once(program, arguments, env or {})
            said = min(said, again, key=lambda one: one.other_cpu)
        return said

    @contextmanager
    def _patiently(self) -> Iterator[None]:
        begun = time.monotonic()
        yield
        self.patience -= time.monotonic() - begun

    def _wait_for_calm(self) -> None:
        while self.patience > 0:
            with self._patiently():
                noise = Noise()
                time.sleep(LOOK_SECONDS)
            if noise.other_cpu() <= NOISY:
                return

    def _run_once(self, program: str, arguments: Sequence[object], env: Mapping[str, str]) -> Said:
        command = [sys.executable, "-m", f"tests.bench.work.{program}", *map(str, arguments)]
        noise = Noise()
        with self.home() as own, self.log.open("ab") as log:
            done = subprocess.run(
                command, env={**own, **env}, cwd=ROOT, stdout=subprocess.PIPE, stderr=log, timeout=LIMIT_SECONDS
            )
        if done.returncode:
            raise ProgramFailed(f"{' '.join(command)} ended with {done.returncode}: see {self.log}")
        return Said(json.loads(done.stdout.splitlines()[-1]), noise.other_cpu())

    def in_turn(self, programs: Mapping[str, Callable[[], Said]]) -> dict[str, list[Said]]:
        """Runs all of them once a round, one after the other: what drifts on the machine drifts for all alike."""
        found: dict[str, list[Said]] = {name: [] for name in programs}
        for _ in range(self.rounds):
            for name, program in programs.items():
                found[name].append(program())
        return found


def environment(home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")}
    return kept | {
        "ABREAST_HOME": str(home),
        "ABREAST_SECRET_KEY": "only for the benchmark",
        "DJANGO_SETTINGS_MODULE": "dashboard.settings",
        "DEMO": "0",
        "HOST": "127.0.0.1",
    }


def sample(said: list[Said], figure: str | Callable[[Said], float]) -> Sample:
    """One figure of several runs."""
    read = figure if callable(figure) else lambda one: float(one[figure])
    return Sample([read(one) for one in said], max(one.other_cpu for one in said))
