"""What a strategy is given, what it gives back, and the options that several of them share.

A strategy is a function `(options, around) -> Made`. It makes nothing but an outline; whether its subtasks may be made
is checked by whoever makes them. It neither walks a tree nor runs a program itself: both can take for ever, so the
caller hands in how.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Protocol

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic import WithJsonSchema as Documented
from pydantic_core import PydanticCustomError

from todos.decompose.tree import Tree, Wanted
from todos.problems import Invalid
from todos.rest.reading import Wire, read
from todos.wire.executors import Line, Text
from todos.wire.inputs import Seconds, SubtaskIn

OPTIONS = "/options"


class Scan(Protocol):
    """Walks the workspace; with `imports`, finds what Python files import. Raises Invalid at the option to blame."""

    def __call__(self, wanted: Wanted, *, imports: bool = False) -> Tree: ...


class Ask(Protocol):
    """Runs a program (one line for the shell, or a list) with a task on its standard input; gives what it prints.

    Raises Invalid, or Forbidden.
    """

    def __call__(self, program: str | list[str], task: Any, *, timeout_seconds: float) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Around:
    """Where a strategy works: on a todo of this content, in a tree where these keys are taken. `limit`: of leaves."""

    content: str
    taken: Collection[str]
    limit: int
    scan: Scan
    ask: Ask


@dataclass(frozen=True, slots=True)
class Found:
    """What a strategy saw of a tree. `imports` is null when it did not look, else how many there are.

    `most_imported`: paths, and how many files import them.
    """

    files: int
    left_out: int
    imports: int | None = None
    most_imported: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Made:
    """The subtasks. `pointer`: what stands for them in the request, where something is wrong with one of them."""

    subtasks: list[SubtaskIn]
    found: Found | None = None
    pointer: str = OPTIONS


@dataclass(frozen=True, slots=True)
class Strategy:
    """A way to split a todo: its options, and the function that takes them."""

    name: str
    options: type[Wire]
    split: Callable[[Any, Around], Made]
    says: str


def made(subtasks: list[dict[str, Any]], found: Found | None = None) -> Made:
    """Plain values as an outline."""
    return Made(read(list[SubtaskIn], subtasks, OPTIONS), found)


# ---- options ----


def once(words: list[str]) -> list[str]:
    if len(set(words)) < len(words):
        raise PydanticCustomError("twice", "each may be named once")
    return words


def named(value: Any) -> Any:
    """A name alone stands for something of that name."""
    return {"name": value} if isinstance(value, str) else value


Pattern = Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^\r\n]*\S[^\r\n]*$")]
Patterns = Annotated[list[Pattern], Field(max_length=100)]
Name = Annotated[str, Field(max_length=500, pattern=r"\S")]
Names = Annotated[list[Name], Field(max_length=1_000), AfterValidator(once)]


class TreeOptions(Wire):
    """What of the workspace is looked at. Patterns are those of `.gitignore`, relative to the folder."""

    folder: Line = "."
    include: Patterns = []
    exclude: Patterns = []
    gitignore: bool = True

    def wanted(self, *include: str) -> Wanted:
        """`include`: what is looked at when the options do not say."""
        return Wanted(self.folder, tuple(self.include or include), tuple(self.exclude), self.gitignore)


class WorkOptions(Wire):
    """What is to be done with the files of a subtask.

    `work`: "read" (one file is read, several are surveyed) or "none": somebody else does it. `command` is for the
    shell, which finds the paths in ABREAST_PATHS, one a line. `changes`: it writes to the files; left out: not what
    only reads, and anything else may.
    """

    task: Annotated[str, Field(max_length=1_000)] = ""
    work: Literal["read", "none"] | None = None
    command: Text | None = None
    changes: bool | None = None
    seconds_per_file: Seconds | None = None
    batches: Annotated[int, Field(ge=1, le=1_000)] | None = None

    @property
    def only_reads(self) -> bool:
        return self.work != "none" and self.command is None

    @property
    def writes(self) -> bool:
        return self.changes if self.changes is not None else not self.only_reads


class Piece(Wire):
    """One piece of work that somebody names. `files` are patterns of those it writes to."""

    name: Name
    estimated_seconds: Seconds | None = None
    command: Text | None = None
    files: Annotated[list[Pattern], Field(max_length=100), AfterValidator(once)] | None = None
    assigned_agent: Annotated[str, Field(max_length=200)] | None = None


_PIECE = {"anyOf": [{"type": "string"}, Piece.model_json_schema()]}
AnyPiece = Annotated[Piece, BeforeValidator(named), Documented(_PIECE)]


def refuse_twice(names: list[str], pointer: str) -> None:
    """Raises Invalid for a name that is there before."""
    seen: set[str] = set()
    for at, name in enumerate(names):
        if name in seen:
            raise Invalid.at(f"{pointer}/{at}/name", f"{name[:100]!r} is there already")
        seen.add(name)
