"""The file of an index: its tables, and what is read from them.

`files` has every file of the workspace, with an empty stamp where nothing more is known of it. A text is broken into
trigrams, which SQLite keeps without the text itself; nothing can be taken out of them, so a file that changes gets a
new number, and numbers without a file are passed over. SQLite without that tokenizer keeps the texts instead.
"""

import hashlib
import os
import secrets
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from runs.executors.search import tags
from runs.executors.search.languages import Named

VERSION = 3
BUSY_SECONDS = 1.0
GRAM = 3
ABSENT = "-"
MOST_GRAMS = 12  # of a query: a few tell files apart as well as all do

_TABLES = """
CREATE TABLE files (id INTEGER PRIMARY KEY AUTOINCREMENT, path TEXT UNIQUE NOT NULL, stamp TEXT NOT NULL, digest BLOB);
CREATE TABLE folders (path TEXT PRIMARY KEY, stamp TEXT NOT NULL, rules TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE names (file INTEGER NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, line INTEGER NOT NULL, text TEXT);
CREATE INDEX names_of_file ON names (file);
CREATE INDEX names_by_kind ON names (kind, name);
CREATE TABLE texts (file INTEGER PRIMARY KEY, text BLOB);
"""
_GRAMS = "CREATE VIRTUAL TABLE grams USING fts5(text, content='', detail='none', tokenize='trigram')"


def version() -> int:
    """Another one where names are found in another way: what was kept would not be what a search finds now."""
    return 2 * VERSION + (tags.program() is not None)


def place(home: Path, workspace: Path) -> Path:
    """The file of the index of a workspace."""
    return home / "search" / f"{hashlib.sha256(os.fsencode(workspace)).hexdigest()[:16]}.sqlite3"


def remove(place: Path) -> None:
    for suffix in ("", "-wal", "-shm", "-journal"):
        place.with_name(place.name + suffix).unlink(missing_ok=True)


def has_trigrams() -> bool:
    """Whether this SQLite has FTS5 with its trigrams (3.34)."""
    with closing(sqlite3.connect(":memory:")) as database:
        try:
            database.execute(_GRAMS)
        except sqlite3.OperationalError:
            return False
        return True


def make(place: Path, *, trigrams: bool) -> sqlite3.Connection:
    """A new, empty index, open for writing."""
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    database = sqlite3.connect(place, timeout=BUSY_SECONDS, isolation_level=None)
    database.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;" + _TABLES)
    if trigrams:
        database.execute(_GRAMS)
    database.execute(f"PRAGMA application_id={secrets.randbits(31)}")
    database.execute(f"PRAGMA user_version={version()}")
    return database


def open_to_write(place: Path) -> sqlite3.Connection:
    """Raises sqlite3.Error for one that is missing, damaged or of another version."""
    database = sqlite3.connect(f"{place.as_uri()}?mode=rw", uri=True, timeout=BUSY_SECONDS, isolation_level=None)
    try:
        _check_version(database)
        if database.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
            raise sqlite3.DatabaseError("it is damaged")
        database.execute("PRAGMA synchronous=NORMAL")
    except BaseException:
        database.close()
        raise
    return database


@contextmanager
def reading(place: Path) -> Iterator["Reader"]:
    """Raises sqlite3.Error for one that is missing, damaged or of another version, then or while it is read."""
    database = sqlite3.connect(f"{place.as_uri()}?mode=ro", uri=True, timeout=BUSY_SECONDS, isolation_level=None)
    try:
        database.execute("BEGIN")  # all that is read is of one moment
        _check_version(database)
        yield Reader(database)
    finally:
        database.close()


def _check_version(database: sqlite3.Connection) -> None:
    if database.execute("PRAGMA user_version").fetchone() != (version(),):
        raise sqlite3.DatabaseError("it is of another version")


def keeps_grams(database: sqlite3.Connection) -> bool:
    return database.execute("SELECT count(*) FROM sqlite_master WHERE name = 'grams'").fetchone() == (1,)


class Reader:
    """An index at one moment."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def number(self) -> int:
        """Another one for an index that was made anew."""
        return int(self._database.execute("PRAGMA application_id").fetchone()[0])

    def stamps(self) -> dict[str, str]:
        return dict(self._database.execute("SELECT path, stamp FROM files ORDER BY id"))

    def folders(self) -> list[tuple[str, str, str]]:
        """Each folder, its stamp, and that of its ignore file; none before the first look at all of it has ended.

        A folder without an ignore file has ABSENT there: one that comes changes the stamp of the folder.
        """
        return self._database.execute("SELECT path, stamp, rules FROM folders").fetchall()

    def may_have(self, text: str) -> Iterator[str] | None:
        """Files that may have this in a line, however it is capitalised; None when that cannot be told."""
        if keeps_grams(self._database):
            grams = [gram.replace('"', '""') for gram in _grams(text)]
            found = " AND ".join(f'"{gram}"' for gram in grams)
            query = "SELECT path FROM files WHERE id IN (SELECT rowid FROM grams WHERE grams MATCH ?)"
            return self._paths(query, found) if grams else None
        needle = _folded(text.encode()) if text.isascii() else b""
        query = "SELECT path FROM files JOIN texts ON texts.file = files.id WHERE instr(texts.text, ?)"
        return self._paths(query, needle) if needle else None

    def names(self, kind: str, part: str) -> Iterator[tuple[str, Named]]:
        """Names of a kind that have this in them, however they are capitalised, each with its file."""
        query = (  # all names of a kind are looked through, so only the narrow index is: the rest is in the table
            "SELECT path, name, line, text FROM names JOIN files ON files.id = names.file WHERE names.rowid IN"
            " (SELECT rowid FROM names WHERE kind = ? AND instr(lower(name), ?))"
        )
        for path, *named in self._database.execute(query, [kind, part.lower() if part.isascii() else ""]):
            yield path, Named(*named)

    def _paths(self, query: str, argument: str | bytes) -> Iterator[str]:
        return (path for (path,) in self._database.execute(query, [argument]))


def _grams(text: str) -> list[str]:
    """Trigrams that every text with this in it has: of its plain characters, whose capitals are beyond doubt."""
    grams = (text[at : at + GRAM] for at in range(len(text) - GRAM + 1))
    return [gram for gram in dict.fromkeys(grams) if gram.isascii()][:MOST_GRAMS]


def _folded(data: bytes) -> bytes:
    return data.lower()


def keep_text(database: sqlite3.Connection, file: int, data: bytes) -> None:
    if keeps_grams(database):
        database.execute("INSERT INTO grams (rowid, text) VALUES (?, ?)", [file, data.decode("utf-8", "replace")])
    else:
        database.execute("INSERT INTO texts (file, text) VALUES (?, ?)", [file, _folded(data)])


def keep_names(database: sqlite3.Connection, file: int, kind: str, names: Iterable[Named]) -> None:
    rows = ((file, kind, one.name, one.line, one.text) for one in names)
    database.executemany("INSERT INTO names (file, kind, name, line, text) VALUES (?, ?, ?, ?, ?)", rows)
