"""The files that a search is about, and of which of them the index can tell.

They are those that decompositions see: below a folder, without what `.gitignore` names, links, version control,
environments and caches; nor the home folder of the server, should it be there. With an index that knows all folders as
they are now, nothing is walked: each file is only looked at, whether it has changed. The list goes from process to
process in a file, for it may be long.
"""

import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from runs.executors.search import stamps
from runs.executors.search.index import store
from todos import beneath
from todos.decompose import tree


@dataclass(frozen=True, slots=True)
class Listing:
    """`unknown`: files of which the index of this `number` cannot tell; all of them when there is none (None)."""

    files: list[str]
    unknown: list[str]
    number: int | None

    def write(self, place: Path) -> None:
        head = ["" if self.number is None else str(self.number), str(len(self.unknown))]
        place.write_bytes("\0".join([*head, *self.unknown, *self.files]).encode())

    @classmethod
    def read(cls, place: Path) -> "Listing":
        number, unknown, *listed = place.read_bytes().decode().split("\0")
        return cls(listed[int(unknown) :], listed[: int(unknown)], int(number) if number else None)


@dataclass(frozen=True, slots=True)
class _Known:
    number: int
    stamps: dict[str, str]
    folders: list[tuple[str, str, str]]


def walk(workspace: Path, folder: str, home: Path) -> tree.Tree:
    """What there is below a folder, with nothing of the home folder in it. Raises TreeError."""
    found = tree.walk(workspace, tree.Wanted(folder))
    if home.is_relative_to(workspace):
        hidden = "" if home == workspace else f"{home.relative_to(workspace)}/"
        found.files = [file for file in found.files if not file.path.startswith(hidden)]
        found.folders = [path for path in found.folders if not path.startswith(hidden)]
    return found


def take(workspace: Path, folder: str, home: Path) -> tuple[Listing, bool]:
    """The files below a folder, and whether the index should be brought up to date. Raises TreeError."""
    place = store.place(home, workspace)
    prefix = "" if (normal := os.path.normpath(folder)) == "." else f"{normal}/"
    known = _known(place)
    top = os.open(workspace, beneath.FOLDER)
    try:
        if known is None or not _same_folders(top, known, prefix):
            files = [file.path for file in walk(workspace, folder, home).files]
            stale = True
        else:
            files = [path for path in known.stamps if path.startswith(prefix)]
            stale = False
        if known is None:
            return Listing(files, files, None), True
        unknown = [path for path in files if (was := known.stamps.get(path)) is None or stamps.of(top, path) != was]
        stale = stale or any(not _hopeless(top, path, known) for path in unknown)
        return Listing(files, unknown, known.number), stale
    finally:
        os.close(top)


def _known(place: Path) -> _Known | None:
    try:
        with store.reading(place) as reader:
            return _Known(reader.number(), reader.stamps(), reader.folders())
    except sqlite3.Error:
        return None


def _same_folders(top: int, known: _Known, prefix: str) -> bool:
    """Whether the folder and all below it are as they were, and so are the ignore files that count there."""
    there = False
    for path, stamp, rules in known.folders:
        if not path.startswith(prefix) and not prefix.startswith(path):
            continue
        there = there or path == prefix
        if rules != store.ABSENT and stamps.of(top, path + tree.IGNORE) != rules:
            return False
        if path.startswith(prefix) and stamps.of(top, path) != stamp:
            return False
    return there


def _hopeless(top: int, path: str, known: _Known) -> bool:
    """Whether the index has given this file up, as it is now."""
    return known.stamps.get(path) == stamps.HOPELESS + stamps.of(top, path)
