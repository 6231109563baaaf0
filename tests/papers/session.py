"""The session paper's three workloads: eleven globs, ten calls around greps, and eight mixed ones, on a tree of files;
and one that it calls heavy: complex patterns in ten large files.

Each call can be made by a run, or by a plain loop in the process that asks.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runs.executors import survey
from runs.executors.calls import Task

WORDS = "alpha beta gamma delta class def import return raise async struct impl fn pub TODO token".split()
FOLDERS, FILES, LINES = 40, 50, 60
PATTERNS = [r"\basync def\b", r"\bpub struct\b", r"^impl\b", r"\bTODO\b", r"\braise \w+", r"(alpha|beta) \w+ gamma"]
PATTERNS += [r"^\s*class \w+", r"token$", r"\bfn \w+ delta"]
COMPLEX = [rf"({one}|{other})\s+(\w+\s+){{0,3}}\w*{one[:2]}" for one, other in zip(WORDS, WORDS[6:])]
LARGE, LARGE_LINES = 10, 30_000
QUICK, SLOW = 0.03, 0.3  # seconds that one of these calls takes, more or less

CALLS: Mapping[str, Callable[..., dict[str, Any]]] = {
    "glob": survey.glob,
    "grep": survey.grep,
    "imports": survey.find_imports,
}


@dataclass(frozen=True, slots=True)
class Call:
    """`files`: the call whose `files` it takes."""

    key: str
    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    files: str = ""
    seconds: float = QUICK

    def subtask(self) -> dict[str, Any]:
        executor = {"name": "python", "call": f"survey.{self.name}", "arguments": dict(self.arguments)}
        found = {"key": self.key, "content": self.key, "executor": executor, "estimated_seconds": self.seconds}
        found |= {"lane": "query", "resources": []}
        if self.files:
            found |= {"depends_on": [self.files]}
            found |= {"inputs": {"files": {"from": self.files, "pointer": "/files"}}}
        return found


def glob(key: str, include: str = "*") -> Call:
    return Call(key, "glob", {"include": [include]})


def grep(at: int) -> Call:
    return Call(f"grep-{at}", "grep", {"pattern": PATTERNS[at]}, "find")


GLOBS = [glob(f"glob-{at}", f"**/*{at}.{'py' if at % 2 else 'rs'}") for at in range(10)] + [glob("glob-10")]
GREPS = [glob("find", "*.rs"), *(grep(at) for at in range(9))]
MIXED = [
    glob("find", "*.rs"),
    *(grep(at) for at in range(3)),
    *(glob(f"glob-{at}", f"part{at}*/**") for at in range(3)),
    Call("imports", "imports", {"paths": []}, "find"),
]
PAPERS = {"globs": GLOBS, "greps": GREPS, "mixed": MIXED}
HEAVY = [
    glob("find", "large/**"),
    *(Call(f"grep-{at}", "grep", {"pattern": each}, "find", SLOW) for at, each in enumerate(COMPLEX)),
]


def plant(root: Path) -> None:
    """Two thousand files of a few kilobytes and ten of a megabyte, the same each time."""
    chance = random.Random(3)
    for folder in range(FOLDERS):
        below = root / f"part{folder}"
        below.mkdir(parents=True)
        for at in range(FILES):
            (below / f"m{at}.{'py' if at % 2 else 'rs'}").write_text(_text(chance, LINES))
    (root / "large").mkdir()
    for at in range(LARGE):
        (root / "large" / f"m{at}.txt").write_text(_text(chance, LARGE_LINES))


def _text(chance: random.Random, lines: int) -> str:
    return "\n".join(" ".join(chance.choices(WORDS, k=6)) for _ in range(lines))


def loop(calls: list[Call], root: Path) -> dict[str, Any]:
    """What the calls answer, one made after the other."""
    found: dict[str, Any] = {}
    for call in calls:
        inputs = {"files": found[call.files]["files"]} if call.files else {}
        found[call.key] = CALLS[call.name](Task(root, inputs), **call.arguments)
    return found
