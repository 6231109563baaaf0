"""SIGINT, SIGTERM and SIGHUP: the first asks the server to stop, a second one ends the process at once."""

import os
import signal
from collections.abc import Callable
from types import FrameType

from runs import announce

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopping:
    """What the signals do. While the server starts they raise KeyboardInterrupt; later they call what they are given.

    One that whoever started the process ignores (`nohup`) stays ignored.
    """

    def __init__(self) -> None:
        self.asked = False
        self._ask: Callable[[], None] | None = None

    def watch(self) -> None:
        for number in SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._on_signal)

    def hold(self) -> None:
        """From here on a signal raises nothing: it is noted in `asked`, until `tell` says whom to call."""
        self._ask = _nobody

    def tell(self, ask: Callable[[], None]) -> None:
        """Has `ask` called when there is a signal; at once, when there has been one."""
        self._ask = ask
        if self.asked:
            ask()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            # The attempts under way are taken back at the next start; their processes end with this one.
            os._exit(128 + number)
        self.asked = True
        announce.close()
        if self._ask is None:
            raise KeyboardInterrupt
        self._ask()


def _nobody() -> None:
    pass
