"""The one walk of a tree that every strategy looks at: regular files below a folder, but for those that are ignored.

Links are not followed. Left out without a word are version control, environments and caches, what `.gitignore` files
name (those of the folders above, too), and what the caller excludes. What could not be taken is counted: links and
devices, names that are no text, paths too long to be named in a subtask, folders that may not be read.

A pattern may be made to take for ever, so whoever serves others walks in a process that can be ended.
"""

import contextlib
import os
import re
import stat
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pathspec import GitIgnoreSpec

from todos import paths
from todos.paths import File

MAX_FILES = 100_000
MAX_VISITED = 500_000
MAX_PATH = 4_000  # characters, as executors take them
MISSING = -1
IGNORE = ".gitignore"
_IGNORE_BYTES = 256 * 1024


class TreeError(Exception):
    """The tree cannot be walked as was asked. `option` is the one to blame, `/`-separated: `include/0`."""

    def __init__(self, option: str, detail: str) -> None:
        super().__init__(detail)
        self.option = option
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of a tree is wanted. Patterns are those of `.gitignore`, relative to the folder.

    `files`: these alone, whether they exist or not; then the rest says nothing.
    """

    folder: str = "."
    include: Sequence[str] = ()
    exclude: Sequence[str] = ()
    gitignore: bool = True
    files: Sequence[str] = ()


@dataclass(slots=True)
class Tree:
    """Files with their paths relative to the workspace, folder by folder, by name. `left_out` could not be taken. The
    size of a file that does not exist is MISSING.

    `imports`: for each Python file those of the tree that it imports; empty when nobody asked. `folders`: those that
    were looked into, with `/` at their ends; the workspace itself is empty.
    """

    files: list[File] = field(default_factory=list)
    left_out: int = 0
    imports: dict[str, list[str]] = field(default_factory=dict)
    folders: list[str] = field(default_factory=list, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class _Rules:
    """The patterns of one ignore file, and the folder they are relative to (with `/` at its end, or empty)."""

    prefix: str
    spec: GitIgnoreSpec


@dataclass(frozen=True, slots=True)
class _Entry:
    path: str
    folder: bool
    size: int = 0


def walk(root: Path, wanted: Wanted) -> Tree:
    """The files that are wanted. Raises TreeError: no such folder, a pattern that is none, too many files."""
    if wanted.files:
        return Tree([_named(root, at, path) for at, path in enumerate(wanted.files)])
    start = os.path.normpath(wanted.folder) if wanted.folder else ""
    try:
        paths.check_folder(root, start)
    except paths.PathError as error:
        raise TreeError("folder", str(error)) from error
    return _Walk(root, wanted, "" if start == "." else f"{start}/").run()


def _named(root: Path, at: int, path: str) -> File:
    try:
        with paths.open_below(root, path, max_bytes=sys.maxsize) as file:
            return File(path, os.fstat(file.fileno()).st_size)
    except paths.MissingError:
        return File(path, MISSING)
    except paths.PathError as error:
        raise TreeError(f"files/{at}", str(error)) from error


class _Walk:
    def __init__(self, root: Path, wanted: Wanted, start: str) -> None:
        self._root = root
        self._start = start
        self._include = _spec("include", wanted.include) if wanted.include else None
        self._exclude = _spec("exclude", wanted.exclude)
        self._gitignore = wanted.gitignore
        self._tree = Tree()

    def run(self) -> Tree:
        folders = [(self._start, self._start.count("/"), self._rules_above())]
        visited = 0
        while folders:
            prefix, depth, rules = folders.pop()
            if depth > paths.MAX_DEPTH:
                self._tree.left_out += 1
                continue
            self._tree.folders.append(prefix)
            entries = list(self._entries(prefix))
            rules = rules + self._rules_of(prefix, entries)
            kept = [entry for entry in entries if not self._ignored(entry, rules)]
            self._tree.files += [File(entry.path, entry.size) for entry in kept if self._included(entry)]
            folders += [(entry.path, depth + 1, rules) for entry in reversed(kept) if entry.folder]
            visited += len(entries)
            self._refuse_too_many(visited)
        return self._tree

    def _refuse_too_many(self, visited: int) -> None:
        if len(self._tree.files) > MAX_FILES:
            raise TreeError("folder", f"more than {MAX_FILES} files: name a folder below, or exclude some")
        if visited > MAX_VISITED:
            raise TreeError("folder", f"more than {MAX_VISITED} entries: name a folder below, or exclude some")

    def _entries(self, prefix: str) -> Iterator[_Entry]:
        """What is in a folder, by name; nothing when it has gone, may not be read or is an environment."""
        try:
            handle = paths.open_folder(self._root, prefix or ".")
        except paths.PathError:
            self._tree.left_out += 1
            return
        skipped = paths.SKIPPED if prefix else paths.SKIPPED | paths.SKIPPED_AT_TOP
        try:
            with os.scandir(handle) as entries:
                found = {entry.name: entry for entry in entries if entry.name not in skipped}
            if prefix != self._start and "pyvenv.cfg" in found:
                return
            for name in sorted(found):
                if entry := _look(prefix, found[name]):
                    yield entry
                else:
                    self._tree.left_out += 1
        finally:
            os.close(handle)

    def _rules_above(self) -> tuple[_Rules, ...]:
        """Of the folders above the one to start in; none when they ignore it, for it was asked for by name."""
        names = self._start.split("/")[:-1]
        above = ["".join(f"{name}/" for name in names[:count]) for count in range(len(names))]
        rules = tuple(rules for prefix in above for rules in self._read_rules(prefix))
        return () if _verdict(self._start, rules) else rules

    def _rules_of(self, prefix: str, entries: Iterable[_Entry]) -> tuple[_Rules, ...]:
        path = prefix + IGNORE
        return tuple(self._read_rules(prefix)) if any(entry.path == path for entry in entries) else ()

    def _read_rules(self, prefix: str) -> Iterator[_Rules]:
        if not self._gitignore:
            return
        with contextlib.suppress(paths.PathError):
            data = paths.read_below(self._root, prefix + IGNORE, max_bytes=_IGNORE_BYTES)
            yield _Rules(prefix, _lenient_spec(data.decode("utf-8", "replace").splitlines()))

    def _ignored(self, entry: _Entry, rules: Sequence[_Rules]) -> bool:
        excluded = self._exclude.check_file(entry.path.removeprefix(self._start)).include
        return bool(excluded) or _verdict(entry.path, rules)

    def _included(self, entry: _Entry) -> bool:
        if entry.folder:
            return False
        return self._include is None or bool(self._include.check_file(entry.path.removeprefix(self._start)).include)


def _verdict(path: str, rules: Sequence[_Rules]) -> bool:
    """Whether a path is ignored: the nearest ignore file that has a word on it says so."""
    for one in reversed(rules):
        verdict = one.spec.check_file(path.removeprefix(one.prefix)).include
        if verdict is not None:
            return verdict
    return False


def _look(prefix: str, entry: os.DirEntry[str]) -> _Entry | None:
    """None for what cannot be taken."""
    path = prefix + entry.name
    try:
        path.encode()
        found = entry.stat(follow_symlinks=False)
    except (OSError, UnicodeEncodeError):
        return None
    if len(path) > MAX_PATH:
        return None
    if stat.S_ISDIR(found.st_mode):
        return _Entry(f"{path}/", True)
    return _Entry(path, False, found.st_size) if stat.S_ISREG(found.st_mode) else None


def _spec(option: str, patterns: Sequence[str]) -> GitIgnoreSpec:
    for at, pattern in enumerate(patterns):
        try:
            GitIgnoreSpec.from_lines([pattern])
        except (ValueError, re.error):
            raise TreeError(f"{option}/{at}", f"{pattern[:100]!r} is no pattern") from None
    return GitIgnoreSpec.from_lines(patterns)


def _lenient_spec(lines: Sequence[str]) -> GitIgnoreSpec:
    """As git reads them: a line that is no pattern means nothing."""
    try:
        return GitIgnoreSpec.from_lines(lines)
    except (ValueError, re.error):
        return GitIgnoreSpec.from_lines([line for line in lines if _is_pattern(line)])


def _is_pattern(line: str) -> bool:
    try:
        GitIgnoreSpec.from_lines([line])
    except (ValueError, re.error):
        return False
    return True
