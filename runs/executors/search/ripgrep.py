"""ripgrep, where it is installed, as a sieve: it says which of many files have a text, and those are read by ourselves.

So nothing of what it reads is ever shown: a file that is swapped for a link meanwhile tells nobody anything. Where it
is not installed, or says that something went wrong, all of the files are read.
"""

import functools
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from runs.executors.search.matching import Needle

WORTH_FILES = 100  # fewer are read as soon as it has started
_ARGUMENT_BYTES = 100 * 1024
# No settings of the user's; bytes as they are, whatever they begin with; nothing is passed over as binary.
_OPTIONS = "--no-config --files-with-matches --null --text --encoding=none --fixed-strings --no-messages".split()


@functools.cache
def program() -> str | None:
    return shutil.which("rg")


def having(workspace: Path, files: list[str], part: Needle) -> list[str]:
    """Those of the files that have it, and maybe others; in their order."""
    rg = program()
    if rg is None or len(files) < WORTH_FILES or not part.query.isascii():
        return files
    command = [rg, *_OPTIONS, *([] if part.exact else ["--ignore-case"]), f"--regexp={part.query}", "--"]
    return [path for batch in _batches(files) for path in _sieved(command, workspace, batch)]


def _sieved(command: list[str], workspace: Path, batch: list[str]) -> list[str]:
    arguments = [*command, *(f"./{path}" for path in batch)]
    try:
        done = subprocess.run(  # noqa: S603 - no shell; after `--` there are paths alone
            arguments, cwd=workspace, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
    except OSError:
        return batch
    if done.returncode not in (0, 1):
        return batch
    found = {path.decode("utf-8", "replace")[2:] for path in done.stdout.split(b"\0")}
    return [path for path in batch if path in found]


def _batches(files: list[str]) -> Iterator[list[str]]:
    """As many at a time as fit into the arguments of a program."""
    batch: list[str] = []
    room = _ARGUMENT_BYTES
    for path in files:
        batch.append(path)
        room -= len(path.encode()) + 3
        if room < 0:
            yield batch
            batch, room = [], _ARGUMENT_BYTES
    if batch:
        yield batch
