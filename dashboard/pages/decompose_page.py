"""What is shown of a decomposition before anything is made: its subtasks, and what of it can be done side by side."""

from collections.abc import Sequence
from dataclasses import dataclass

from dashboard.pages.plan_page import Few
from runs.making.decomposing import Proposal
from todos.decompose.base import Found

SHOWN = 200
SHOWN_KEYS = 12


@dataclass(frozen=True, slots=True)
class Row:
    """A subtask as it would be made. `depth` counts from 0."""

    key: str
    content: str
    status: str
    needs: Few
    executor: str
    seconds: float | None
    claims: Few
    depth: int
    parent: bool


@dataclass(frozen=True, slots=True)
class Preview:
    """The first subtasks, how many there are, and how many of them are leaves; `name`: how to have it made.

    `score`: the part of the leaves that waits for nothing and shares nothing that somebody writes, 0 to 1.
    """

    name: str
    rows: Sequence[Row]
    total: int
    leaves: int
    score: float
    independent: Few
    sequential: Few
    shared: Few
    found: Found | None


def preview(name: str, proposal: Proposal) -> Preview:
    parts = proposal.parts
    return Preview(
        name,
        _rows(proposal),
        len(proposal.rows),
        len(parts.independent) + len(parts.sequential),
        parts.parallelization_score,
        Few.of(parts.independent, SHOWN_KEYS),
        Few.of(parts.sequential, SHOWN_KEYS),
        Few.of([f"{kind} {name}" for kind, name in parts.shared], SHOWN_KEYS),
        proposal.made.found,
    )


def _rows(proposal: Proposal) -> list[Row]:
    top = min((row.depth for row in proposal.rows), default=0)
    found = []
    for row in proposal.rows[:SHOWN]:
        spec = row.item.data
        claims = [f"{one.kind} {one.name}" for one in spec.resources or ()]
        found.append(
            Row(
                row.key,
                spec.content,
                spec.status,
                Few.of(row.item.depends_on, 3),
                spec.executor.name if spec.executor else "",
                spec.estimated_seconds,
                Few.of(claims, 2),
                row.depth - top,
                bool(row.children),
            )
        )
    return found
