"""The contract between whoever runs an attempt and the executors.

An executor is a function `(job) -> Outcome`. It returns when the work is done and raises `Failed` when it went wrong.
It must look at `job.stopping` (or wait with `job.wait`) and raise `Stopped` soon after the job is told to stop,
leaving nothing running behind; `job.check()` does both. It never touches the database.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any, Protocol

from runs.reports import Output, Usage


class Stop(Enum):
    """Why a job must end before it is done."""

    CANCEL = "cancel"
    RELEASE = "release"
    TIME_OUT = "time_out"


class Stopped(Exception):
    def __init__(self, why: Stop) -> None:
        super().__init__(why.value)
        self.why = why


class Failed(Exception):
    """The work went wrong. `retryable` False when another try cannot help (a command that does not exist)."""

    def __init__(
        self, error: str, *, retryable: bool = True, partial_result: Any = None, usage: Usage | None = None
    ) -> None:
        super().__init__(error)
        self.error = error
        self.retryable = retryable
        self.partial_result = partial_result
        self.usage = usage or Usage()


@dataclass(slots=True)
class Outcome:
    """What came of it. `complete` False: call the executor again, with this result as `job.partial_result`.

    `worked_seconds`: what the work would have taken alone, where the executor can tell better than the clock.
    """

    result: Any = None
    complete: bool = True
    usage: Usage = field(default_factory=Usage)
    worked_seconds: float | None = None


class OutputSink(Protocol):
    """Where output streams to. `write` never fails for its amount: what is over the cap is dropped and counted."""

    def write(self, data: bytes) -> None: ...

    def close(self) -> Output: ...

    @property
    def full(self) -> bool:
        """More came than is kept: whoever writes this much should be stopped."""


class Discard:
    """Output nobody keeps."""

    full = False

    def write(self, data: bytes) -> None:
        pass

    def close(self) -> Output:
        return Output()


@dataclass
class Job:
    """One attempt as its executor sees it.

    `inputs` are results of other subtasks, a JSON value a name. `attempt` is 0 for what runs in place. `process`: the
    child that works for it, with all below it; 0 when there is none. `waited_seconds`: how long those stood in line
    for a processor, as far as it was seen. `lent`: variables by which a nested agent calls this server.
    """

    spec: dict[str, Any]
    content: str = ""
    inputs: dict[str, Any] = field(default_factory=dict)
    workspace: Path = field(default_factory=Path)
    timeout_seconds: float = 300.0
    run: int = 0
    key: str = ""
    attempt: int = 0
    epoch: int = 0
    attempts_used: int = 1
    iteration: int = 1
    partial_result: Any = None
    process: int = 0
    waited_seconds: float = 0.0
    lent: dict[str, str] = field(default_factory=dict)
    output: OutputSink = field(default_factory=Discard)
    report: Callable[[float | None, str | None], None] = lambda progress, message: None

    def __post_init__(self) -> None:
        self.deadline = time.monotonic() + self.timeout_seconds
        self._told = threading.Event()
        self._why: Stop | None = None
        self._on_stop: Callable[[], None] | None = None

    @property
    def stopping(self) -> Stop | None:
        """Why to stop, or None to go on."""
        if self._why is None and time.monotonic() >= self.deadline:
            return Stop.TIME_OUT
        return self._why

    def remaining(self) -> float:
        """Seconds until the time-out."""
        return max(0.0, self.deadline - time.monotonic())

    def stop(self, why: Stop) -> None:
        """Tells the job to end; from any thread, the first reason counts."""
        if self._why is None:
            self._why = why
        self._told.set()
        wake = self._on_stop
        if wake is not None:
            wake()

    def on_stop(self, wake: Callable[[], None] | None) -> None:
        """Has `wake` called when the job is told to stop: for executors that wait for something else than `wait`.

        It is called from another thread, maybe more than once, and may still be called after `on_stop(None)`.
        """
        self._on_stop = wake
        if wake is not None and self._told.is_set():
            wake()

    def wait(self, seconds: float) -> None:
        """Waits; raises Stopped as soon as the job is told to stop or its time is up."""
        self._told.wait(min(seconds, self.remaining()))
        self.check()

    def check(self) -> None:
        if why := self.stopping:
            raise Stopped(why)


Executor = Callable[[Job], Outcome]
