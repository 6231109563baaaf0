"""Building subtasks: keys, contents that can be shown, claims of files, and executors for a group of files."""

import glob
import hashlib
import re
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from todos.decompose.base import OPTIONS, Piece, WorkOptions
from todos.decompose.tree import MISSING
from todos.paths import File
from todos.problems import Invalid
from todos.wire.inputs import MAX_SECONDS

MAX_CLAIMS = 100
MAX_CLAIM = 500  # characters
MAX_CONTENT = 10_000
MAX_VARIABLE = 32_768  # characters of a command's variable
_SECONDS = 0.001  # that reading any file takes at least
_SECONDS_PER_BYTE = 2e-8
_LABEL = 200

Spec = dict[str, Any]


class Keys:
    """Makes keys out of names; none is made twice, nor one that is taken."""

    def __init__(self, taken: Collection[str] = ()) -> None:
        self._used = set(taken)
        self._next: dict[str, int] = {}

    def make(self, name: str) -> str:
        """`src/app.py` gives `src-app.py`, then `src-app.py-2`; what is long ends with a part of its digest."""
        key = stem = self._stem(name)
        while key in self._used:
            self._next[stem] = self._next.get(stem, 1) + 1
            key = f"{stem}-{self._next[stem]}"
        self._used.add(key)
        return key

    @staticmethod
    def _stem(name: str) -> str:
        slug = re.sub(r"[^A-Za-z0-9._]+", "-", name).strip("-")
        if len(slug) <= 50 and slug:
            return slug
        digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
        return f"{slug[:40].rstrip('-')}-{digest}".lstrip("-")


def shown(text: str) -> str:
    """A name as it can be shown: what is invisible, breaks the line or turns its direction is spelled out."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def label(text: str) -> str:
    """A name in short."""
    text = shown(text)
    return text if len(text) <= _LABEL else f"{text[: _LABEL // 2]}…{text[-_LABEL // 2 :]}"


def claims(patterns: Iterable[str], *, writes: bool) -> list[Spec]:
    """Claims of files by patterns, each once."""
    mode = "write" if writes else "read"
    return [{"kind": "file", "name": name, "mode": mode} for name in dict.fromkeys(patterns)]


def claim_of(path: str) -> str:
    """The pattern that claims one file: the nearest folder above it where the path is too long for a claim."""
    name = glob.escape(path) if path.strip() else "".join(f"[{space}]" for space in path)
    while len(name) > MAX_CLAIM:
        path = path.rpartition("/")[0]
        name = _below(path)
    return name


def _below(folder: str) -> str:
    return f"{glob.escape(folder)}/**" if folder else "**"


# ---- work on files ----


def on_files(key: str, options: WorkOptions, files: Sequence[File], name: str = "") -> Spec:
    """A subtask that does what the options say with some files. `name` stands for them in what it says.

    Raises Invalid when there are too many for one subtask.
    """
    found = executor(options, files)
    spec: Spec = {"key": key, "content": _content(options, files, name, listed=found is None)}
    seconds = _seconds(options, files)
    spec |= {} if seconds is None else {"estimated_seconds": seconds}
    spec["resources"] = _claims(options, files)
    if found is not None:
        spec["executor"] = found
    if options.only_reads:
        spec["lane"] = "query"
    return spec


def executor(options: WorkOptions, files: Sequence[File]) -> Spec | None:
    """What carries the work out; None when an agent or a person has to."""
    if options.command is not None:
        lines = [file.path for file in files]
        if any(len(path.splitlines()) > 1 for path in lines):
            raise Invalid.at(f"{OPTIONS}/command", "it is told a path a line, and a path has a line break: exclude it")
        told = "\n".join(lines)
        if len(told) > MAX_VARIABLE:
            raise _too_many(len(files), "their paths do not fit into a variable")
        return {"name": "shell", "command": options.command, "env": {"ABREAST_PATHS": told}}
    if options.work == "none" or any(file.size == MISSING for file in files):
        return None
    if len(files) == 1:
        return {"name": "read", "path": files[0].path}
    return {"name": "python", "call": "survey.files", "arguments": {"paths": [file.path for file in files]}}


def _content(options: WorkOptions, files: Sequence[File], name: str, *, listed: bool) -> str:
    """What the subtask says. For whoever has nothing else to go by, all paths are `listed`."""
    task = options.task.strip() or ("Work on" if listed or options.command else "Read")
    if len(files) == 1:
        return f"{task} {shown(files[0].path) if listed else label(files[0].path)}"
    what = f"{task} {name or f'{len(files)} files'}"
    if not listed:
        return f"{what}: {label(files[0].path)} and {len(files) - 1} more"
    content = "\n".join([f"{what}:", *(shown(file.path) for file in files)])
    if len(content) > MAX_CONTENT:
        raise _too_many(len(files), f"their list is longer than {MAX_CONTENT} characters")
    return content


def _seconds(options: WorkOptions, files: Sequence[File]) -> float | None:
    """An estimate; None where nothing is known of the work."""
    if options.seconds_per_file is not None:
        return min(options.seconds_per_file * len(files), MAX_SECONDS)
    if not options.only_reads or any(file.size == MISSING for file in files):
        return None
    return round(sum(_SECONDS + file.size * _SECONDS_PER_BYTE for file in files), 4)


def _claims(options: WorkOptions, files: Sequence[File]) -> list[Spec]:
    """Each file; for reading, the folders at the top that they are in where that is too many."""
    exact = list(dict.fromkeys(claim_of(file.path) for file in files))
    if len(exact) <= MAX_CLAIMS:
        return claims(exact, writes=options.writes)
    if options.writes:
        raise _too_many(len(files), f"one claims {MAX_CLAIMS} for writing at most; `changes` false says that none is")
    tops = {_below(file.path.partition("/")[0]) if "/" in file.path else claim_of(file.path) for file in files}
    fit = len(tops) <= MAX_CLAIMS and all(len(name) <= MAX_CLAIM for name in tops)
    return claims(sorted(tops) if fit else ["**"], writes=False)


def _too_many(files: int, why: str) -> Invalid:
    return Invalid.at(
        f"{OPTIONS}/batches",
        f"{files} files in one subtask are too many ({why}): ask for more batches, or leave some out",
    )


def refuse_too_many(count: int, limit: int, *, option: str = "batches") -> None:
    """Raises Invalid before thousands of subtasks are built for nothing. `option`: what makes them fewer."""
    if count > limit:
        raise Invalid.at(f"{OPTIONS}/{option}", f"{count} subtasks, and there can be {limit} more: ask for fewer")


# ---- pieces that somebody names ----


def piece(key: str, wanted: Piece, content: str, **more: Any) -> Spec:
    """A subtask for a piece of work; one with a command is told its name in ABREAST_NAME."""
    spec: Spec = {"key": key, "content": content[:MAX_CONTENT], **more}
    for name in ("estimated_seconds", "assigned_agent"):
        if (value := getattr(wanted, name)) is not None:
            spec[name] = value
    if wanted.command is not None:
        spec["executor"] = {"name": "shell", "command": wanted.command, "env": {"ABREAST_NAME": wanted.name}}
    if wanted.files is not None:
        spec["resources"] = claims(wanted.files, writes=True)
    return spec
