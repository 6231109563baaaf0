"""Definitions by Universal Ctags, where it is installed: it parses what `languages` tells by how lines begin.

One process for a search, which gets each text as it was read: in its sandbox it opens no file, so it can show nothing
that we have not. Where it is not installed, is another ctags, fails or takes long, nobody is told and lines it is.
"""

import functools
import json
import os
import select
import shutil
import subprocess
import time
from collections import deque
from collections.abc import Iterator
from typing import Any

from runs.executors.search import languages
from runs.executors.search.languages import Named
from runs.executors.search.matching import shown

SECONDS = 5.0  # for one file
PATIENCE = 3  # times that it may fail in one search
_OPTIONS = ["--options=NONE", "--_interactive=sandbox", "--fields=+ne"]
MOST = 50_000  # of one file
# Languages of which lines alone tell nothing here.
_MORE = frozenset(
    "adb ads awk clj cljc cljs cmake d el elm erl ex exs f f77 f90 f95 hrl jl ml mli pas pl pm proto ps1 r scm sv tcl v"
    " vhd vhdl vim".split()
)


@functools.cache
def program() -> str | None:
    """Universal Ctags that can be asked about texts, one after the other, and opens no files."""
    found = shutil.which("ctags") or shutil.which("universal-ctags")
    if found is None:
        return None
    asked = subprocess.run(  # noqa: S603 - no shell, and no argument of anybody's
        [found, "--list-features"], stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=SECONDS
    )
    features = {line.split()[0] for line in asked.stdout.splitlines() if line.strip()}
    return found if {b"interactive", b"sandbox", b"json"} <= features else None


class Tags:
    """Ctags at work, from the first file that somebody asks about. Not for two threads."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._failures = 0
        self._lines: deque[bytes] = deque()  # that it has said; the last one may go on

    def __enter__(self) -> "Tags":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def takes(self, path: str) -> bool:
        """Whether definitions can be found in a file of this name, by it or without."""
        known = path.rpartition(".")[2].lower() in _MORE and program() is not None
        return known or languages.has_definitions(path)

    def definitions(self, path: str, data: bytes) -> list[Named]:
        """Empty where it knows nothing of such files, or does not answer."""
        if self._failures >= PATIENCE or b"\0" in data or program() is None:
            return []
        try:
            return list(_named(self._asked(path, data), data))
        except (OSError, ValueError, KeyError, TypeError):
            self._failures += 1
            self.close()
            return []

    def _asked(self, path: str, data: bytes) -> list[dict[str, Any]]:
        """What it says of one text. Raises OSError, ValueError."""
        process = self._process = self._process or self._start()
        assert process.stdin
        until = time.monotonic() + self._seconds
        name = path.rpartition("/")[2]  # tells the language, and nothing else
        order = json.dumps({"command": "generate-tags", "filename": name, "size": len(data)})
        self._write(process.stdin.fileno(), order.encode() + b"\n" + data, until)
        found = []
        while (line := self._line(until))["_type"] != "completed":
            if line["_type"] == "error":
                raise ValueError(line)
            if line["_type"] == "tag":
                found.append(line)
            if len(found) > MOST:
                raise ValueError("no end of names")
        return found

    def _start(self) -> "subprocess.Popen[bytes]":
        program_ = program()
        assert program_ is not None
        made = subprocess.Popen(  # noqa: S603 - no shell; what it is told comes on its standard input
            [program_, *_OPTIONS],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            cwd="/",
        )
        assert made.stdin
        assert made.stdout
        for pipe in (made.stdin, made.stdout):
            os.set_blocking(pipe.fileno(), False)
        return made

    def _write(self, handle: int, data: bytes, until: float) -> None:
        """It reads a text to its end before it says anything about it."""
        left = memoryview(data)
        while left:
            if not select.select([], [handle], [], max(0.0, until - time.monotonic()))[1]:
                raise TimeoutError
            left = left[os.write(handle, left[: 64 * 1024]) :]

    def _line(self, until: float) -> dict[str, Any]:
        assert self._process
        assert self._process.stdout
        handle = self._process.stdout.fileno()
        while len(self._lines) < 2:
            if not select.select([handle], [], [], max(0.0, until - time.monotonic()))[0]:
                raise TimeoutError
            if not (more := os.read(handle, 64 * 1024)):
                raise OSError("it has ended")
            first, *others = more.split(b"\n")
            self._lines.append((self._lines.pop() if self._lines else b"") + first)
            self._lines.extend(others)
        found = json.loads(self._lines.popleft())
        if not isinstance(found, dict):
            raise ValueError(found)
        return found

    def close(self) -> None:
        if self._process is not None:
            self._process.kill()
            for pipe in (self._process.stdin, self._process.stdout):
                if pipe:
                    pipe.close()
            self._process.wait()
            self._process = None
            self._lines.clear()


def _named(tags: list[dict[str, Any]], data: bytes) -> Iterator[Named]:
    lines = data.split(b"\n")
    for tag in sorted(tags, key=lambda tag: int(tag["line"])):
        name, line = str(tag["name"]), int(tag["line"])
        if name.startswith("__anon") or not 0 < line <= len(lines):
            continue
        scope = [part for part in _parts(str(tag.get("scope", ""))) if not part.startswith("__anon")]
        text = lines[line - 1]
        yield Named(".".join([*scope, name]), line, shown(text, max(0, text.find(name.encode()))))


def _parts(scope: str) -> list[str]:
    """Of "a::b", "a.b", "a/b"."""
    return [part for part in scope.replace("::", ".").replace("/", ".").split(".") if part]
