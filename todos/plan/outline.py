"""From a nested outline of work to flat rows with keys, checked as a whole.

An outline is what people and agents write: subtasks inside subtasks, some with a key, some that depend on others by
key. Rows are what is stored: each has a key that is unique in its tree.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from todos.plan import graph

KEY_LENGTH = 64
KEY = re.compile(r"[A-Za-z0-9._-]{1,64}\Z")
MAX_DEPTH = 5
MAX_EDGES = 250_000


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, and where: `pointer` is a JSON Pointer into what was sent."""

    pointer: str
    detail: str


class OutlineError(ValueError):
    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(problem.detail for problem in problems))
        self.problems = list(problems)


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of an outline. `data` is the caller's own and is handed through."""

    content: str
    key: str | None = None
    depends_on: tuple[str, ...] = ()
    children: tuple["Item", ...] = ()
    data: Any = None


@dataclass(slots=True)
class Row:
    """One entry, flat. `parent` is the key of the entry above it, None at the top; `depth` starts at 1."""

    key: str
    parent: str | None
    position: int
    depth: int
    item: Item
    pointer: str
    children: list[str] = field(default_factory=list)


def flatten(
    items: Sequence[Item],
    *,
    limit: int,
    pointer: str = "/subtasks",
    bare: bool = False,
    taken: Collection[str] = (),
    depth: int = 1,
) -> list[Row]:
    """Rows in reading order. `taken` are keys the tree has already, `depth` is that of the first level, `limit` is how
    many leaves there may be. `pointer` leads to the items; `bare`: the only one was sent without a list around it.

    Raises OutlineError with every problem found: too deep, too many, keys that clash, unknown dependencies, cycles
    within the outline. Dependencies on `taken` keys are allowed; whether they close a cycle only the caller can tell.
    """
    rows: list[Row] = []
    above: list[Row | None] = []
    leaves = 0
    stack: list[tuple[Item, Row | None, Row]] = _entries(items, None, depth, pointer)
    if bare:
        stack[0][2].pointer = pointer
    while stack:
        item, parent, row = stack.pop()
        rows.append(row)
        above.append(parent)
        if row.depth > MAX_DEPTH:
            raise OutlineError([Problem(row.pointer, f"subtasks nest at most {MAX_DEPTH} deep")])
        leaves += not item.children
        if leaves > limit:
            raise OutlineError([Problem(pointer, f"more than {limit} subtasks")])
        stack.extend(_entries(item.children, row, row.depth + 1, f"{row.pointer}/subtasks"))
    _name(rows, taken)
    for row, parent in zip(rows, above, strict=True):
        if parent is not None:
            row.parent = parent.key
            parent.children.append(row.key)
    _check_dependencies(rows, taken)
    return rows


def _entries(items: Sequence[Item], parent: Row | None, depth: int, pointer: str) -> list[tuple[Item, Row | None, Row]]:
    """What is to be visited, last first, so that a stack gives it back in reading order."""
    return [
        (item, parent, Row(item.key or "", None, at, depth, item, f"{pointer}/{at}"))
        for at, item in reversed(list(enumerate(items)))
    ]


def _name(rows: list[Row], taken: Collection[str]) -> None:
    """Gives a key to every row that has none."""
    used = set(taken)
    clashes = []
    for row in rows:
        if row.key:
            if row.key in used:
                clashes.append(Problem(f"{row.pointer}/key", f"the key {row.key!r} is there already"))
            used.add(row.key)
    if clashes:
        raise OutlineError(clashes)
    next_number: dict[str, int] = {}
    for row in rows:
        row.key = row.key or _made_up(row.item.content, used, next_number)
        used.add(row.key)


def _made_up(content: str, used: set[str], next_number: dict[str, int]) -> str:
    """A key from the first words of the content: `find-the-modules`, then `find-the-modules-2`."""
    words = re.sub(r"[^a-z0-9]+", "-", content.lower()).strip("-")
    stem = words if len(words) <= 32 else words[:33].rsplit("-", 1)[0][:32]
    stem = stem or "task"
    key = stem
    while key in used:
        next_number[stem] = next_number.get(stem, 1) + 1
        key = f"{stem}-{next_number[stem]}"
    return key


def _check_dependencies(rows: list[Row], taken: Collection[str]) -> None:
    known = {row.key for row in rows}
    problems = [
        Problem(f"{row.pointer}/depends_on/{at}", f"there is no subtask with the key {need!r}")
        for row in rows
        for at, need in enumerate(row.item.depends_on)
        if need not in known and need not in taken
    ]
    if problems:
        raise OutlineError(problems)
    needs = {row.key: [need for need in row.item.depends_on if need in known] for row in rows}
    cycle = find_cycle(needs, {row.key: row.parent for row in rows})
    if cycle:
        where = next(row.pointer for row in rows if row.key == cycle[0])
        raise OutlineError([Problem(f"{where}/depends_on", "a cycle: " + " → ".join(cycle))])


def find_cycle(needs: Mapping[str, Iterable[str]], parents: Mapping[str, str | None]) -> list[str] | None:
    """A cycle through dependencies and nesting, as keys `[a, b, …, a]`; None when the tree can be done.

    Every entry is given a start and an end: a child starts after its parent does and ends before it; an entry starts
    after the end of what it depends on. So "depends on a parent" means on all below it, without writing that out.
    """
    gates: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for key, parent in parents.items():
        start = [(need, "end") for need in needs.get(key, ())]
        if parent is not None:
            start.append((parent, "start"))
        gates[key, "start"] = start
        gates.setdefault((key, "end"), []).append((key, "start"))
        if parent is not None:
            gates.setdefault((parent, "end"), []).append((key, "end"))
    cycle = graph.find_cycle(gates)
    if cycle is None:
        return None
    path: list[str] = []
    for key, _ in cycle:
        if not path or path[-1] != key:
            path.append(key)
    return path if path[0] == path[-1] and len(path) > 1 else [*path, path[0]]


def leaf_graph(needs: Mapping[str, Collection[str]], parents: Mapping[str, str | None]) -> dict[str, list[str]]:
    """Dependencies between leaves only, in the order of `parents`: to depend on a parent is to depend on its leaves.

    Raises OutlineError when that makes more than MAX_EDGES dependencies.
    """
    children: dict[str, list[str]] = {key: [] for key in parents}
    for key, parent in parents.items():
        if parent is not None:
            children[parent].append(key)
    leaves: dict[str, list[str]] = {}
    for key in reversed(_top_down(parents, children)):
        leaves[key] = [leaf for child in children[key] for leaf in leaves[child]] if children[key] else [key]
    found: dict[str, list[str]] = {}
    edges = 0
    for leaf in (key for key in parents if not children[key]):
        above: str | None = leaf
        wanted: dict[str, None] = {}
        while above is not None:
            wanted.update((other, None) for need in needs.get(above, ()) for other in leaves[need])
            above = parents[above]
        found[leaf] = list(wanted)
        edges += len(wanted)
        if edges > MAX_EDGES:
            raise OutlineError([Problem("/subtasks", f"more than {MAX_EDGES} dependencies between subtasks")])
    return found


def _top_down(parents: Mapping[str, str | None], children: Mapping[str, list[str]]) -> list[str]:
    found = [key for key, parent in parents.items() if parent is None]
    for key in found:
        found.extend(children[key])
    return found
