"""Bringing an index up to date, in a process of its own. One process at a time does it: who comes second leaves it be.

Only what has changed is read, and only where its content has changed, too, is it taken in again. It happens in batches,
each committed before the next: a search that reads meanwhile uses what is there. A file that ends this process, by what
it does to the parser, is tried by itself the next time, and then given up for as long as it stays as it is.
"""

import fcntl
import hashlib
import itertools
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from runs.executors.search import listing, names, stamps
from runs.executors.search.index import store
from runs.executors.search.tags import Tags
from todos import beneath, paths
from todos.decompose import tree

MAX_FILE_BYTES = 4 * 1024 * 1024
BATCH = 100
MOST_LEFT_BEHIND = 1_000  # numbers without a file, and more than with one: then it is made anew

Before = Callable[[], None]


class Busy(Exception):
    """Another process is at it."""


def update(
    workspace: Path, home: Path, max_bytes: int, before_each: Before = lambda: None, now: float | None = None
) -> dict[str, Any]:
    """How many files there are, and how many were taken in anew. Raises Busy, TreeError.

    `before_each` is called before each file is read. `now`: seconds since 1970; files that changed within the last
    second are not trusted.
    """
    place = store.place(home, workspace)
    with _alone(place), closing(_open(place)) as database:
        found = listing.walk(workspace, ".", home)
        update = _Update(workspace, database, max_bytes, before_each, stamps.now() if now is None else now)
        try:
            taken = update.run(found)
        finally:
            update.close()
        answer = {"files": len(found.files), "taken": taken}
    if update.left_behind > max(MOST_LEFT_BEHIND, len(found.files)):
        store.remove(place)
    return answer


@contextmanager
def _alone(place: Path) -> Iterator[None]:
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(place.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise Busy from None
    finally:
        os.close(handle)


def _open(place: Path) -> sqlite3.Connection:
    """The index, or a new one in the place of one that is missing or damaged."""
    try:
        return store.open_to_write(place)
    except sqlite3.Error:
        store.remove(place)
        return store.make(place, trigrams=store.has_trigrams())


class _Update:
    def __init__(
        self, workspace: Path, database: sqlite3.Connection, max_bytes: int, before_each: Before, now: float
    ) -> None:
        self._workspace = workspace
        self._database = database
        self._max_bytes = max_bytes
        self._before_each = before_each
        self._now = now
        self._top = os.open(workspace, beneath.FOLDER)
        self._tags = Tags()
        self.left_behind = 0  # numbers that belong to no file any more

    def close(self) -> None:
        os.close(self._top)
        self._tags.close()

    def run(self, found: tree.Tree) -> int:
        known = dict(self._database.execute("SELECT path, stamp FROM files"))
        there = [file.path for file in found.files]
        self._forget(known.keys() - set(there))
        changed = [path for path in there if (was := known.get(path)) is None or was != self._stamp(path)]
        alone = [path for path in changed if known.get(path, "").startswith(stamps.TRYING)]
        hopeless = [path for path in changed if known.get(path) == stamps.HOPELESS + self._stamp(path)]
        rest = [path for path in changed if path not in {*alone, *hopeless}]
        batches = itertools.chain(_in_batches(rest), ([path] for path in alone))
        taken = sum(self._take_in(batch) for batch in batches)
        self._keep_folders(found.folders)
        return taken

    def _stamp(self, path: str) -> str:
        return stamps.of(self._top, path)

    def _forget(self, gone: set[str]) -> None:
        with _committed(self._database):
            for path in gone:
                self._forget_names(path)
                self._database.execute("DELETE FROM files WHERE path = ?", [path])

    def _forget_names(self, path: str) -> None:
        self._database.execute("DELETE FROM names WHERE file = (SELECT id FROM files WHERE path = ?)", [path])
        self._database.execute("DELETE FROM texts WHERE file = (SELECT id FROM files WHERE path = ?)", [path])

    def _take_in(self, batch: list[str]) -> int:
        """Says how many of them had another content than before."""
        mark = stamps.TRYING if len(batch) > 1 else stamps.HOPELESS
        with _committed(self._database):
            for path in batch:
                self._note(path, mark + self._stamp(path))
        if self._size() > self._max_bytes:
            with _committed(self._database):
                for path in batch:
                    self._note(path, stamps.HOPELESS + self._stamp(path))
            return 0
        with _committed(self._database):
            return sum(self._take_in_one(path) for path in batch)

    def _take_in_one(self, path: str) -> bool:
        self._before_each()
        stamp = stamps.of(self._top, path, now=self._now)  # before it is read: what changes later has another one
        data = self._read(path)
        digest = hashlib.blake2b(data, digest_size=16).digest()
        number, was = self._database.execute("SELECT id, digest FROM files WHERE path = ?", [path]).fetchone()
        if was == digest:
            self._note(path, stamp)
            return False
        if was is not None:
            number = self._another_number(path)
        self._database.execute("UPDATE files SET stamp = ?, digest = ? WHERE id = ?", [stamp, digest, number])
        if data and b"\0" not in data:
            store.keep_text(self._database, number, data)
            for kind, found in zip(("symbols", "imports"), names.both(path, data, self._tags)):
                store.keep_names(self._database, number, kind, found)
        return True

    def _another_number(self, path: str) -> int:
        """Its trigrams stay behind with the old one."""
        self._forget_names(path)
        self._database.execute("DELETE FROM files WHERE path = ?", [path])
        number = self._database.execute("INSERT INTO files (path, stamp) VALUES (?, '')", [path]).lastrowid
        assert number is not None
        return number

    def _read(self, path: str) -> bytes:
        """Nothing of what is not searched either."""
        try:
            return paths.read_below(self._workspace, path, max_bytes=MAX_FILE_BYTES)
        except paths.PathError:
            return b""

    def _note(self, path: str, stamp: str) -> None:
        if not self._database.execute("UPDATE files SET stamp = ? WHERE path = ?", [stamp, path]).rowcount:
            self._database.execute("INSERT INTO files (path, stamp) VALUES (?, ?)", [path, stamp])

    def _size(self) -> int:
        [(pages,), (bytes_each,)] = (
            self._database.execute(f"PRAGMA {name}").fetchone() for name in ("page_count", "page_size")
        )
        return int(pages * bytes_each)

    def _keep_folders(self, folders: list[str]) -> None:
        """They were looked into before: one that has changed since is not trusted either."""
        rows = [(path, stamps.of(self._top, path, now=self._now), self._rules(path)) for path in folders]
        with _committed(self._database):
            self._database.execute("DELETE FROM folders")
            self._database.executemany("INSERT INTO folders (path, stamp, rules) VALUES (?, ?, ?)", rows)
            query = "SELECT ifnull((SELECT max(seq) FROM sqlite_sequence), 0) - count(*) FROM files"
            self.left_behind = int(self._database.execute(query).fetchone()[0])

    def _rules(self, folder: str) -> str:
        path = folder + tree.IGNORE
        return stamps.of(self._top, path, now=self._now) if self._stamp(path) else store.ABSENT


@contextmanager
def _committed(database: sqlite3.Connection) -> Iterator[None]:
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        database.execute("ROLLBACK")
        raise
    database.execute("COMMIT")


def _in_batches(items: list[str]) -> Iterator[list[str]]:
    return (items[at : at + BATCH] for at in range(0, len(items), BATCH))
