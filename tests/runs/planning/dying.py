"""A planner that the system ends, say for its memory."""

import os
import signal


def main(arguments: list[str]) -> None:
    os.kill(os.getpid(), signal.SIGKILL)
