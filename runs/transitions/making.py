"""Subtasks that come into a run: counted, and, once it is under way, where what they depend on has led them."""

from collections.abc import Mapping, Sequence

from runs import statements as sql
from runs.engine import states
from runs.engine.modes import Mode
from runs.entry import Entry
from runs.models import Subtask
from runs.transitions.unstarted import follow, skip, skip_unneeded
from todos.plan import words


def count_in(entry: Entry, subtasks: Sequence[Subtask], at_barrier: int) -> None:
    """Counts new subtasks, pending or carried over; `at_barrier` of them wait for their phase."""
    waiting = [subtask for subtask in subtasks if subtask.status == states.Status.PENDING]
    entry.add(
        total=len(subtasks),
        pending=len(waiting),
        completed=len(subtasks) - len(waiting),
        blocked=sum(1 for subtask in waiting if subtask.unmet),
        at_barrier=at_barrier,
        outside=sum(1 for subtask in waiting if not subtask.unmet and subtask.mode == Mode.EXTERNAL),
        conditional=sum(1 for subtask in subtasks if subtask.when != words.When.SUCCESS),
        claiming=sum(1 for subtask in subtasks if subtask.claims),
        approvals=sum(1 for subtask in subtasks if words.asks(subtask.executor)),
        expected_total=sum(subtask.expected_seconds for subtask in subtasks),
        expected_ended=sum(one.expected_seconds for one in subtasks if one.status == states.Status.COMPLETED),
    )


def join(entry: Entry, subtasks: Sequence[Subtask], at_barrier: int, unwell: Mapping[int, tuple[str, str]]) -> None:
    """Counts subtasks that were added to a run under way, and skips those that can start no more. `unwell`: for those
    that depend on what did not end well, the key and status of one such."""
    count_in(entry, subtasks, at_barrier)
    for one in subtasks:
        about = {"depth": one.depth} | ({"attempt": str(one.added_by)} if one.added_by else {})
        entry.note("added", subtask=one.pk, after=states.Status.PENDING, data=about)
    rows = skip(entry, unwell)
    if entry["conditional"]:
        rows += skip_unneeded(entry, [one.pk for one in subtasks if one.when == words.When.FAILED])
    follow(entry, [(number, key, states.Status.SKIPPED) for number, key, *_ in rows])


def lengthen(entry: Entry, remaining: Mapping[int, float]) -> None:
    """More work hangs on these now, in seconds from their start to the end. Those that stand outside the line keep
    their rank, by which others stand behind them."""
    if remaining:
        sql.LENGTHEN(remaining.items(), run=entry.run_id)


def await_more(entry: Entry, subtask: int, more: int) -> None:
    """A pending subtask that waits for others waits for so many more, too."""
    sql.AWAIT_MORE(subtask=subtask, more=more, run=entry.run_id)


def rank(entry: Entry) -> None:
    """From now on the subtasks of this run have different priorities, so that they may climb."""
    if not entry["ranked"]:
        entry.mark(ranked=True)
        sql.RANK(run=entry.run_id)
