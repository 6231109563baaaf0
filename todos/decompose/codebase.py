"""`codebase`: an exploration in phases, each as wide as its tools are many: find (16), grep (24), read (8), refer (8).

It goes as deep as the tree lets it: where nothing imports anything there is nothing to cross-refer. What is read first
is what most depends on. What a phase has found is handed on to the next, and one summary is made of it all.
"""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from todos.decompose.base import OPTIONS, Around, Made, Strategy, TreeOptions, WorkOptions, made
from todos.decompose.files import weights
from todos.decompose.groups import balanced
from todos.decompose.making import Keys, Spec, on_files, refuse_too_many
from todos.decompose.modules import importers, seen
from todos.decompose.tree import Tree
from todos.paths import File
from todos.problems import Invalid

FIND, GREP, READ, REFER = 16, 24, 8, 8
DEEPEST = 4
# What calls take for each file of the tree (glob, merge) or byte of what they read, measured on Django's sources.
_SECONDS = {"glob": 1.5e-5, "merge": 5e-6, "grep": 2e-8, "imports": 1.2e-7}

# What is looked for where there are files of a kind. The first of each is what defines things.
USUAL: dict[str, tuple[str, ...]] = {
    ".py": (r"^\s*class\s+\w+", r"^\s*(async\s+)?def\s+\w+", r"^\s*(import|from)\s+\S+", r"^\s*@\w+", r"\braise\s+\w+"),
    ".js": (r"\bclass\s+\w+", r"\bfunction\b", r"\b(import|require)\b"),
    ".ts": (r"\b(class|interface|type)\s+\w+", r"\bfunction\b", r"^\s*import\b"),
    ".go": (r"^type\s+\w+", r"^func\b", r"^import\b"),
    ".rs": (r"\b(struct|enum|trait)\s+\w+", r"\bfn\s+\w+", r"^\s*use\b"),
    ".java": (r"\b(class|interface|enum)\s+\w+", r"^\s*import\b"),
    ".c": (r"^\s*#\s*include\b", r"^\w[\w\s*]*\("),
    ".html": (r"<script\b", r"\b(href|src|action)\s*="),
    ".sql": (r"(?i)\bcreate\s+(table|index|view)\b",),
    "": (r"\b(TODO|FIXME|XXX|HACK)\b", r"https?://", r"(?i)\b(password|secret|token|api_?key)\b"),
}


def _expression(text: str) -> str:
    try:
        re.compile(text)
    except (re.error, RecursionError, OverflowError) as error:
        raise PydanticCustomError("expression", "no regular expression: {why}", {"why": str(error)[:200]}) from None
    return text


Expression = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_expression)]


class CodebaseOptions(TreeOptions):
    """`depth`: how many of the four phases; as many as make sense when left out. `patterns`: what grep looks for, by
    kinds of file when left out. `top`: how many files are read, those that most depends on first.
    """

    depth: Annotated[int, Field(ge=1, le=DEEPEST)] | None = None
    patterns: Annotated[list[Expression], Field(min_length=1, max_length=GREP)] | None = None
    top: Annotated[int, Field(ge=1, le=1_000)] = 64


def split(options: CodebaseOptions, around: Around) -> Made:
    tree = around.scan(options.wanted(), imports=True)
    if not tree.files:
        raise Invalid.at(f"{OPTIONS}/folder", "there is no such file below it")
    found = seen(tree)
    depth = options.depth or (DEEPEST if found.imports else DEEPEST - 1)
    refuse_too_many(FIND + GREP + READ + REFER + 1, around.limit, option="depth")
    return made(_Phases(options, tree, Keys(around.taken)).make(depth), found)


def ranked(tree: Tree) -> list[str]:
    """Paths, those that most files import first, then the others as they stand."""
    number = importers(tree.imports)
    return sorted((file.path for file in tree.files), key=lambda path: -number.get(path, 0))


class _Phases:
    """Builds phase after phase, and keeps what the summary is made of."""

    def __init__(self, options: CodebaseOptions, tree: Tree, keys: Keys) -> None:
        self._options = options
        self._tree = tree
        self._keys = keys
        self._subtasks: list[Spec] = []
        self._inputs: Spec = {}

    def make(self, depth: int) -> list[Spec]:
        phases = [
            ("find", "Find the files", self._find, ("kinds", "/summary")),
            ("grep", "Find what they define and mention", self._grep, ("patterns", "/summary")),
            ("read", "Read what most depends on", self._read, ("read", "/summary")),
            ("refer", "Find what imports what", self._refer, ("imports", "")),
        ]
        for number, (key, content, build, (name, pointer)) in enumerate(phases[:depth], start=1):
            if below := build():
                self._phase(self._keys.make(key), content, number, below)
                self._inputs[name] = {"from": [one["key"] for one in below], "pointer": pointer}
        merging = _call(self._keys.make("summary"), "Make one summary of it", "merge", len(self._tree.files))
        after = [one["key"] for one in self._subtasks]
        return [*self._subtasks, merging | {"depends_on": after, "inputs": self._inputs, "phase": depth + 1}]

    def _phase(self, key: str, content: str, number: int, below: list[Spec]) -> None:
        after = [self._subtasks[-1]["key"]] if self._subtasks else []
        subtasks = [one | {"phase": number} for one in below]
        spec = {"key": key, "content": content, "phase": number, "depends_on": after}
        self._subtasks.append(spec | {"subtasks": subtasks})

    def _find(self) -> list[Spec]:
        """A subtask a kind of file; the last takes all that are left, so that each file is found once."""
        wanted = self._options.wanted()
        common: Spec = {"folder": wanted.folder, "gitignore": wanted.gitignore}
        common |= {"include": list(wanted.include), "exclude": list(wanted.exclude)}
        kinds, count = _kinds(self._tree)[: FIND - 1], len(self._tree.files)
        specs = [
            _call(self._keys.make(f"find{kind}"), f"Find *{kind}", "glob", count, suffixes=[kind], **common)
            for kind in kinds
        ]
        others: Spec = {"other_than": kinds} if kinds else {}
        what = "Find the other files" if kinds else "Find all files"
        return [*specs, _call(self._keys.make("find-others"), what, "glob", count, **others, **common)]

    def _grep(self) -> list[Spec]:
        specs = []
        for at, (pattern, suffixes) in enumerate(self._patterns(), start=1):
            what, size = f"Grep {pattern}", _bytes(self._of(suffixes))
            call = _call(self._keys.make(f"grep-{at}"), what, "grep", size, pattern=pattern, suffixes=suffixes)
            specs.append(call | self._handed_on())
        return specs

    def _handed_on(self) -> Spec:
        """What was found in the first phase, as an input."""
        keys = [one["key"] for one in self._subtasks[0]["subtasks"]]
        return {"inputs": {"files": {"from": keys, "pointer": "/files"}}}

    def _of(self, suffixes: list[str]) -> list[File]:
        return [file for file in self._tree.files if file.path.endswith(tuple(suffixes or ("",)))]

    def _patterns(self) -> list[tuple[str, list[str]]]:
        """Patterns, each with the kinds of file it is looked for in (all when empty). One of each kind first."""
        if self._options.patterns is not None:
            return [(pattern, []) for pattern in self._options.patterns]
        kinds = [*(kind for kind in _kinds(self._tree) if kind in USUAL), ""]
        rounds = range(max(map(len, USUAL.values())))
        found = [(USUAL[kind][at], [kind] if kind else []) for at in rounds for kind in kinds if at < len(USUAL[kind])]
        return found[:GREP]

    def _read(self) -> list[Spec]:
        sizes = {file.path: file for file in self._tree.files}
        files = [sizes[path] for path in ranked(self._tree)[: self._options.top]]
        return [
            on_files(self._keys.make(f"read-{at}"), WorkOptions(), group)
            | _executor("files", paths=[file.path for file in group])
            for at, group in enumerate(balanced(files, weights(files), READ), start=1)
        ]

    def _refer(self) -> list[Spec]:
        files = [file for file in self._tree.files if file.path in self._tree.imports]
        return [
            _call(self._keys.make(f"imports-{at}"), f"Find the imports of {len(group)} files", "imports", _bytes(group))
            | _executor("imports", paths=[file.path for file in group])
            | self._handed_on()
            for at, group in enumerate(balanced(files, weights(files), REFER), start=1)
        ]


def _kinds(tree: Tree) -> list[str]:
    """Suffixes, the most frequent first; only those that are plain enough for a pattern."""
    suffixes = (re.search(r"\.[A-Za-z0-9_+-]{1,12}\Z", file.path.rpartition("/")[2]) for file in tree.files)
    return [kind for kind, _ in Counter(found[0] for found in suffixes if found).most_common()]


def _call(key: str, content: str, name: str, size: int, **arguments: Any) -> Spec:
    """A call of the survey; how long it takes is estimated from the bytes (or so many files) that it looks at."""
    seconds = round(0.002 + size * _SECONDS[name], 4)
    spec: Spec = {"key": key, "content": content, "estimated_seconds": seconds, "resources": []}
    # These calls only read, which a server cannot know of callables in general.
    return spec | {"lane": "query"} | _executor(name, **arguments)


def _executor(name: str, **arguments: Any) -> Spec:
    return {"executor": {"name": "python", "call": f"survey.{name}", "arguments": arguments}}


def _bytes(files: Sequence[File]) -> int:
    return sum(file.size for file in files)


STRATEGY = Strategy("codebase", CodebaseOptions, split, "An exploration: find, grep, read, cross-refer, one summary.")
