"""Who comes back into line of those that left it for what they claim."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from runs import announce
from runs import statements as sql
from runs.engine.modes import Mode
from runs.engine.states import Wait
from runs.entry import Entry
from runs.sql import stamp


def bring_back(rows: Sequence[tuple[int, int, str, str]], now: datetime, entry: Entry | None = None) -> set[int]:
    """Puts subtasks (id, run, what for, mode) back into line, of any run. Gives the runs other than the entry's."""
    if not rows:
        return set()
    sql.COME_BACK([(number,) for number, *_ in rows], now=stamp(now))
    counts = Counter((run, waits_for) for _, run, waits_for, _ in rows)
    outside = Counter(run for _, run, _, mode in rows if mode == Mode.EXTERNAL)
    runs = {run for run, _ in counts}
    moved = {run: (counts[run, Wait.RESOURCE], counts[run, Wait.RATE_LIMIT], outside[run]) for run in sorted(runs)}
    if entry is not None and (own := moved.pop(entry.run_id, None)):
        entry.add(held_back=-own[0], rate_limited=-own[1], outside=own[2])
        entry.moved += own[0] + own[1]
    if moved:
        sql.COUNT_BACK([(run, *numbers) for run, numbers in moved.items()])
    for run in moved:
        announce.changed(run)
        announce.work()
    return set(moved)


def call_twins(entry: Entry, gone: Sequence[int]) -> None:
    """These have left the line for good: the next of those that claim the same, and stood behind them, come forward. As
    many as there are free seats, for nobody knows here whether they can share what they claim."""
    if gone and (entry["held_back"] or entry["rate_limited"]):
        rows = sql.NEXT_TWINS([(number,) for number in gone], most=max(1, entry["max_agents"] - entry.open))
        bring_back(sorted(set(rows)), entry.now, entry)
