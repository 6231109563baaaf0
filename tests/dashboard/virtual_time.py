"""An event loop whose time is not the world's: when all wait, it jumps to the moment the first of them waits for.

So nothing is slept away, and what takes a minute is tested in milliseconds. Threads (database reads) are waited for on
the spot: they take no time at all here, and a test runs the same way each time. `pytest.mark.virtual_time` asks for it.
"""

import asyncio
import selectors
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

STUCK_SECONDS = 5.0  # of real time


class _Selector(selectors.DefaultSelector):
    """Where a loop waits: instead of waiting, it moves the clock."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1_000.0

    def select(self, timeout: float | None = None) -> Any:
        found = super().select(0 if timeout is not None else STUCK_SECONDS)
        if not found and timeout is None:
            raise RuntimeError("everything waits, and for nothing that could still happen")
        if not found and timeout:
            self.now += timeout
        return found


class VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._clock = _Selector()
        self._threads = ThreadPoolExecutor(1)
        super().__init__(self._clock)

    def time(self) -> float:
        return self._clock.now

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> Any:  # type: ignore[override]
        done = (executor or self._threads).submit(func, *args)
        future = self.create_future()
        try:
            future.set_result(done.result())
        except BaseException as error:
            future.set_exception(error)
        return future

    def close(self) -> None:
        self._threads.shutdown()
        super().close()


async def advance(seconds: float) -> None:
    """Lets time pass, and all that happens in it."""
    await asyncio.sleep(seconds)


async def settle() -> None:
    """Lets all that is due now happen."""
    await asyncio.sleep(1e-6)
