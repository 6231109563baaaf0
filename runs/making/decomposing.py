"""Splitting a todo by a strategy: shown first, made when asked. Pages and REST come through here.

What a strategy cannot do itself is done here: a tree is looked at in a child process, a program runs in the sandbox.
Only so many at a time, since each may take its time.
"""

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from runs.executors.ask import NoAnswer, ask
from runs.executors.scan import ScanError, scan
from todos import actions
from todos.actions import trees
from todos.decompose import registry
from todos.decompose.base import OPTIONS, Around, Made
from todos.decompose.command import POINTER, blamed
from todos.decompose.tree import Tree, Wanted
from todos.models import Todo
from todos.plan.outline import Problem, Row, leaf_graph
from todos.plan.parts import Parts, parts
from todos.principal import Principal
from todos.problems import Busy, Conflict, Forbidden, Invalid

AT_ONCE = 4

_places = threading.BoundedSemaphore(AT_ONCE)


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a strategy would make: its outline, the rows of it, and which of them can be done side by side."""

    made: Made
    rows: list[Row]
    parts: Parts


def propose(by: Principal, todo: Todo, strategy: str, options: dict[str, Any]) -> Proposal:
    """Changes nothing. Raises Invalid, Forbidden, Conflict, and Busy when there are too many at a time."""
    keys = trees.keys_of(todo.tree_id)
    limit = settings.RUN_MAX_SUBTASKS - keys.leaves_beside(todo)
    around = Around(todo.content, frozenset(keys.ids), limit, _scan, _Asking(by))
    with _place():
        made = registry.split(strategy, options, around)
    with _blaming(made, todo, keys):
        rows = actions.preview(by, todo, made.subtasks, pointer=made.pointer)
    return Proposal(made, rows, _parts(rows))


def make(by: Principal, todo: Todo, proposal: Proposal) -> list[Todo]:
    """Makes the subtasks of a proposal, all or none. Raises Conflict when the tree has changed too much meanwhile."""
    try:
        return actions.add(by, todo, proposal.made.subtasks, pointer=proposal.made.pointer)
    except Invalid as refused:
        raise _changed(todo, refused) from refused


def _changed(todo: Todo, refused: Invalid) -> Conflict:
    return Conflict(f"the todo has changed meanwhile, decompose it again: {refused.detail}", current=todo.status)


@contextlib.contextmanager
def _place() -> Iterator[None]:
    if not _places.acquire(blocking=False):
        raise Busy(f"{AT_ONCE} todos are being decomposed already")
    try:
        yield
    finally:
        _places.release()


@contextlib.contextmanager
def _blaming(made: Made, todo: Todo, keys: trees.Keys) -> Iterator[None]:
    """Nobody sent the subtasks that are wrong: what is to blame is what they were made of, or a change of the tree."""
    try:
        yield
    except Invalid as refused:
        if trees.keys_of(todo.tree_id) != keys:
            raise _changed(todo, refused) from refused
        if made.pointer == POINTER:
            raise blamed(refused, POINTER) from None
        raise Invalid.at(made.pointer, refused.detail) from None


def _scan(wanted: Wanted, *, imports: bool = False) -> Tree:
    try:
        return scan(settings.WORKSPACE, wanted, with_imports=imports)
    except ScanError as error:
        raise Invalid.at(f"{OPTIONS}/{error.option}", error.detail) from error


@dataclass(frozen=True, slots=True)
class _Asking:
    """Runs programs for whoever may run commands."""

    by: Principal

    def __call__(self, program: str | list[str], task: Any, *, timeout_seconds: float) -> bytes:
        if "shell" not in self.by.executors:
            detail = "this token may not run commands"
            raise Forbidden(detail, [Problem(POINTER, detail)])
        try:
            return ask(settings.WORKSPACE, program, task, timeout_seconds=timeout_seconds)
        except NoAnswer as error:
            raise Invalid.at(POINTER, f"the program gave no plan: {error}") from error


def _parts(rows: list[Row]) -> Parts:
    """Of the leaves; what they depend on beyond the new subtasks does not count."""
    new = {row.key for row in rows}
    needs = {row.key: [key for key in row.item.depends_on if key in new] for row in rows}
    specs = {row.key: row.item.data for row in rows}
    claims = {
        key: [(one.kind, one.name, one.mode == "write") for one in spec.resources or ()] for key, spec in specs.items()
    }
    alone = [key for key, spec in specs.items() if not spec.parallelizable]
    return parts(leaf_graph(needs, {row.key: row.parent for row in rows}), alone, claims)
