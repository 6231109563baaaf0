"""The drawer of a subtask at a moment of a run that has ended: only what was there by then."""

import copy
from collections.abc import Sequence
from typing import Any

from dashboard.pages import past
from dashboard.pages.past import Moment
from dashboard.pages.subtask_page import Claimed, Link
from runs.engine import states
from runs.models import Run, Subtask
from runs.reading.past import of_subtasks

HELD_THEN = "held then"


def context(run: Run, subtask: Subtask, found: dict[str, Any], moment: Moment) -> dict[str, Any]:
    """`found` is what `subtask_page.context` says of it now. What it printed has no times, and is shown once the try
    that did so had ended."""
    row = past.rows(run, [subtask], moment)[0]
    attempts = past.attempts(found["attempts"], moment)
    ended = row.subtask.status in states.TERMINAL
    over = {attempt.epoch for attempt in attempts if attempt.finished_at is not None}
    output = found["output"]
    then = copy.copy(row.subtask)
    then.attempts_used = max((attempt.epoch for attempt in attempts), default=0)
    return found | {
        "subtask": then,
        "row": row,
        "moment": moment,
        "asked": "",
        "holders": [],
        "attempts": attempts,
        "output": output if output and output.epoch in over else None,
        "imports": found["imports"] if ended else None,
        "claims": [_claimed(one, then) for one in found["claims"]],
        "spent": found["spent"] if ended else "",
        "needs": _links(run, found["needs"], moment),
        "needed_by": _links(run, found["needed_by"], moment),
        "subtask_ended": ended,
        "may_cancel": False,
        "refresh": "",
    }


def _claimed(one: Claimed, then: Subtask) -> Claimed:
    stands = HELD_THEN if then.status == states.Status.IN_PROGRESS else ""
    return Claimed(one.kind, one.what, stands if one.kind != "api" else "")


def _links(run: Run, links: Sequence[Link], moment: Moment) -> list[Link]:
    ids = dict(Subtask.objects.filter(run=run.pk, key__in=[link.key for link in links]).values_list("key", "pk"))
    were = of_subtasks(run, moment.seq, list(ids.values()))
    return [Link(link.key, were[ids[link.key]].status) for link in links]
