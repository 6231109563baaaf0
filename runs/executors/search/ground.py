"""What a strategy searches: the files of a listing, as far as an index cannot spare it reading them."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from runs.executors.search import ripgrep
from runs.executors.search.index import store
from runs.executors.search.index.build import MAX_FILE_BYTES
from runs.executors.search.languages import Named
from runs.executors.search.listing import Listing
from runs.executors.search.matching import Needle
from todos import paths

MOST_FOUND = 50_000  # lines that are ranked; then one of each file
MOST_MATCHES = 1_000  # of a strategy
MOST_FILES = 10_000
MOST_PRINTED = 1_000  # lines that stream


class Ground:
    """`seconds`: of processor time, after which no further file is read."""

    def __init__(self, workspace: Path, listing: Listing, place: Path, seconds: float) -> None:
        self.files = listing.files
        self.ran_out = False
        self._workspace = workspace
        self._number = listing.number
        self._unknown = listing.unknown
        self._place = place
        self._until = time.process_time() + seconds

    def texts(self, part: str, also: Callable[[str], bool] = lambda path: False) -> Iterator[tuple[str, bytes]]:
        """Files that may have this in their text, whose index says so or who have none; with what is in them."""
        return self._read(self._paths_with(part), Needle(part), also)

    def names(self, kind: str, part: str) -> list[tuple[str, Named]]:
        """Names with this in them, of the files that the index knows; of the others see `unknown_texts`."""
        known = set(self.files) - set(self._unknown)
        found = self._asked(lambda reader: [one for one in reader.names(kind, part) if one[0] in known])
        if found is None:
            self._unknown = self.files
        return found or []

    def unknown_texts(
        self, part: str, wanted: Callable[[str], bool], also: Callable[[str], bool]
    ) -> Iterator[tuple[str, bytes]]:
        """Of the files that the index does not know, the wanted ones with this in their text, and `also` others."""
        return self._read([path for path in self._unknown if wanted(path)], Needle(part), also)

    def _paths_with(self, part: str) -> list[str]:
        candidates = self._asked(lambda reader: _listed(reader.may_have(part)))
        if candidates is None:
            return self.files
        known = set(self.files) - set(self._unknown)
        return [path for path in candidates if path in known] + self._unknown

    def _asked(self, ask: Callable[[store.Reader], Any]) -> Any:
        """What the index says; None when there is none, not the one that was meant, or it is damaged."""
        if self._number is None:
            return None
        try:
            with store.reading(self._place) as reader:
                return ask(reader) if reader.number() == self._number else None
        except sqlite3.Error:
            return None

    def _read(self, files: list[str], part: Needle, also: Callable[[str], bool]) -> Iterator[tuple[str, bytes]]:
        having = set(ripgrep.having(self._workspace, files, part))
        for path in (path for path in files if path in having or also(path)):
            if time.process_time() >= self._until:
                self.ran_out = True
                return
            try:
                data = paths.read_below(self._workspace, path, max_bytes=MAX_FILE_BYTES)
            except paths.PathError:
                continue
            if part.found_in(data) or (also(path) and b"\0" not in data):
                yield path, data


def _listed(found: Iterator[str] | None) -> list[str] | None:
    return None if found is None else list(found)
