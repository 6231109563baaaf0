"""A kept child process that works something out, such as estimates: how it is asked, and ended."""

import json
import os
import selectors
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from django.db import connection

ROOT = Path(__file__).resolve().parent.parent.parent
PATIENCE_SECONDS = 30.0
_BOOT = (
    "import sys; sys.path.insert(0, sys.argv[1]); from importlib import import_module;"
    "import_module(sys.argv[2]).main(sys.argv[3:])"
)


class Child:
    """Started when it is first asked. One question at a time; `close` may come from any thread. `module`: its `main` is
    what the process does."""

    def __init__(self, module: str = "runs.estimating.child") -> None:
        self._module = module
        self._process: subprocess.Popen[bytes] | None = None
        self._closing = threading.Lock()
        self._closed = False

    def ask(self, run_id: int, **more: Any) -> dict[str, Any]:
        """`more` goes into the question. Raises OSError when there is no answer; the next time another is asked."""
        process = self._started()
        question = json.dumps({"run": run_id, **more}).encode() + b"\n"
        try:
            assert process.stdin and process.stdout  # both are pipes
            process.stdin.write(question)
            process.stdin.flush()
            answer: dict[str, Any] = json.loads(_line(process.stdout.fileno()))
        except (OSError, ValueError) as error:
            self.rest()
            raise OSError(f"{self._module} gave no answer: {error}") from None
        return answer

    def rest(self) -> None:
        """Ends the process until it is asked again."""
        with self._closing:
            process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()

    def close(self) -> None:
        """Whoever waits for an answer gets none."""
        self._closed = True
        with self._closing:
            if self._process is not None:
                self._process.kill()

    def _started(self) -> "subprocess.Popen[bytes]":
        with self._closing:
            if self._closed:
                raise OSError(f"{self._module} is closed")
            if self._process is None:
                command = [sys.executable, *(["-B"] if sys.dont_write_bytecode else []), "-c", _BOOT, str(ROOT)]
                command.append(self._module)
                command.append(str(connection.settings_dict["NAME"]))
                self._process = subprocess.Popen(  # noqa: S603 - an interpreter of our own
                    command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, process_group=0
                )
            return self._process


def _line(handle: int) -> bytes:
    """Raises OSError when none comes."""
    found = b""
    with selectors.DefaultSelector() as selector:
        selector.register(handle, selectors.EVENT_READ)
        while not found.endswith(b"\n"):
            if not selector.select(PATIENCE_SECONDS):
                raise OSError("it takes too long")
            piece = os.read(handle, 65_536)
            if not piece:
                raise OSError("it has ended")
            found += piece
    return found
