"""Several strategies at once, each in a child process, and a thread here that waits for it."""

import threading
from typing import Any

from django.conf import settings

from runs.executors.base import Failed, Job, OutputSink, Stop, Stopped
from runs.executors.results import storable_text
from runs.executors.search import team
from runs.reports import Output

PART_OF_TIME = 0.8  # of the attempt's, for a strategy: the rest is for what the others found
MOST_ERROR = 1_000  # characters


class _WholeLines:
    """What one of several prints, into an output that they share: line by line, so that they do not mix."""

    def __init__(self, output: OutputSink, turn: threading.Lock) -> None:
        self._output = output
        self._turn = turn
        self._begun = b""

    @property
    def full(self) -> bool:
        return self._output.full

    def write(self, data: bytes) -> None:
        lines, end, rest = (self._begun + data).rpartition(b"\n")
        self._begun = rest
        if end:
            with self._turn:
                self._output.write(lines + end)

    def close(self) -> Output:
        return Output()


class Asked:
    """A strategy under way in a thread of its own, which waits for its child process."""

    def __init__(self, job: Job, strategy: str, query: str, listing: str, turn: threading.Lock) -> None:
        self.strategy = strategy
        self.answer: dict[str, Any] = {}
        self.error = ""
        seconds = max(0.1, min(settings.SEARCH_SECONDS, PART_OF_TIME * job.remaining()))
        self.job = Job({}, workspace=job.workspace, timeout_seconds=seconds, output=_WholeLines(job.output, turn))
        limits = {"home": str(settings.HOME), "seconds": settings.SEARCH_CPU_SECONDS}
        self._arguments = {"query": query, "listing": listing} | limits
        self.thread = threading.Thread(target=self._carry_out, name=f"search-{strategy}", daemon=True)

    def _carry_out(self) -> None:
        try:
            self.answer = team.call(self.job, f"search.{self.strategy}", self._arguments)
        except Stopped:
            self.error = f"took more than {self.job.timeout_seconds:g} s"
        except Failed as failed:
            over = "SIGXCPU" in failed.error
            used = f"used more than {settings.SEARCH_CPU_SECONDS:g} s of processor time"
            self.error = used if over else storable_text(failed.error, MOST_ERROR)
        except Exception as error:
            self.error = storable_text(f"{type(error).__name__}: {error}", MOST_ERROR)


def carry_out(job: Job, asked: list[Asked]) -> None:
    """All at once, until each has ended. Raises Stopped when the job is told to stop; then they have ended, too."""

    def stop() -> None:
        for one in asked:
            one.job.stop(job.stopping or Stop.CANCEL)

    for one in asked:
        one.thread.start()
    job.on_stop(stop)
    for one in asked:
        one.thread.join()
    job.on_stop(None)
    job.check()
    for one in asked:
        if one.error:
            job.output.write(f"{one.strategy} failed: {one.error}\n".encode())
