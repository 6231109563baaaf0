"""Where the time of a run went: its history as spans, for the rules of `engine/waterfall`."""

from collections.abc import Iterator, Mapping

from runs.engine.states import Status, Wait
from runs.engine.waterfall import MICROSECONDS, Kind, Span, Waterfall, waterfall
from runs.insight.history import History, Row, Try
from runs.models import Backend, Run, Strategy
from todos.plan.claims import API

_PENDING = {Wait.RESOURCE: Kind.RESOURCE, Wait.RATE_LIMIT: Kind.RATE_LIMIT}


def of(run: Run, history: History, alone: Mapping[str, float], until: int | None = None) -> Waterfall:
    """`alone`: seconds that one agent alone takes, by key, as far as they are known. `until`: only the time up to this
    microsecond, told by all that is known now."""
    length = history.length if until is None else min(until, history.length)
    return waterfall(_spans(run, history, alone), seats(run), length)


def seats(run: Run) -> int:
    """How many agents could be at work at once. Of work that agents report by themselves: as many as ever were."""
    if run.strategy == Strategy.SEQUENTIAL:
        return 1
    return run.peak_open or run.max_agents if run.backend == Backend.TRACKED else run.max_agents


def _spans(run: Run, history: History, alone: Mapping[str, float]) -> Iterator[Span]:
    for start, end in history.pauses:
        yield Span(Kind.PAUSED, start, end)
    for row in history.rows:
        in_turn = takes_turns(run, row)
        for one in history.tries.get(row.id, ()):
            yield from _sat(history, one, alone.get(row.key), in_turn)
        yield from _waited(history, row, in_turn)


def takes_turns(run: Run, row: Row) -> bool:
    """Whether a free agent is not enough for it to start: the strategy, its lane or its own nature have it wait."""
    limited = bool((run.lanes.get(row.lane) or {}).get("concurrency"))
    return run.strategy != Strategy.PARALLEL or row.alone or limited


# ---- what sat on a seat ----


def _sat(history: History, one: Try, alone: float | None, in_turn: bool) -> Iterator[Span]:
    ended = history.length if one.ended is None else one.ended
    if one.asked:
        yield Span(Kind.QUESTION, one.leased, ended)
        return
    if not in_turn:
        yield Span(Kind.OVERHEAD, one.available, one.begun)
    yield from (Span(Kind.QUESTION, since, until) for since, until in one.questions)
    left = one.worked if alone is None else round(alone * MICROSECONDS)
    for since, until in _at_work(one, ended):
        if one.ended is not None and not one.succeeded:
            yield Span(Kind.LOST, since, until)
            continue
        slower = until if left is None else min(until, since + left)
        left = None if left is None else left - (slower - since)
        yield Span(Kind.WORK, since, slower)
        yield Span(Kind.SLOWDOWN, slower, until)
    if one.recorded is not None:
        yield Span(Kind.OVERHEAD, ended, one.recorded)


def _at_work(one: Try, ended: int) -> Iterator[tuple[int, int]]:
    """The parts of its time in which its agent waited for no answer."""
    since = one.begun
    for asked, answered in one.questions:
        yield since, min(asked, ended)
        since = max(since, answered)
    yield min(since, ended), ended


# ---- what was waited for ----


def _waited(history: History, row: Row, in_turn: bool) -> Iterator[Span]:
    """From the start of the run to the end of the subtask, without its attempts."""
    tries = history.tries.get(row.id, [])
    if row.status == Status.COMPLETED and not tries:
        return  # carried over
    free = _free_at(history, row)
    end = history.length if row.ended is None else row.ended
    if free is None:
        yield Span(Kind.DEPENDENCY, 0, end)
        return
    yield Span(Kind.DEPENDENCY, 0, free)
    since, not_before = free, None
    for one in tries:
        back = row.ready if one is tries[-1] and row.status != Status.PENDING else None
        yield from _in_line(row, since, not_before, back, one, in_turn)
        since, not_before = one.recorded or one.ended or history.length, one.not_before
    if row.status in (Status.PENDING, Status.CANCELLED, Status.SKIPPED):
        yield from _still(row, since, not_before, end, in_turn)


def _free_at(history: History, row: Row) -> int | None:
    """When nothing that it needs was left and its phase had begun; None while that is not so."""
    if row.unmet:
        return None
    needed = (history.released.get(before, 0) for before in history.needs.get(row.id, ()))
    phase = history.phases.get(row.phase, 0) if row.phase is not None else 0
    return max([phase, *needed])


def _in_line(row: Row, since: int, not_before: int | None, back: int | None, one: Try, in_turn: bool) -> Iterator[Span]:
    """Until this attempt was handed out. `back`: when the subtask last came back into line, where that is known."""
    if not_before is not None:
        yield Span(Kind.RETRY, since, min(not_before, one.leased))
        since = min(not_before, one.leased)
    if row.claims and back is not None and since < back:
        yield Span(_claim(row), since, min(back, one.leased))
        since = min(back, one.leased)
    if in_turn:
        yield Span(Kind.RESOURCE, since, one.begun)
    elif not one.asked:
        yield Span(Kind.READY, since, one.available)


def _still(row: Row, since: int, not_before: int | None, end: int, in_turn: bool) -> Iterator[Span]:
    """What has not been tried (again)."""
    if row.delayed and not_before is not None:
        yield Span(Kind.RETRY, since, min(not_before, end))
        since = min(not_before, end)
    waits = Wait(row.waits_for) if row.waits_for else None
    kind = _PENDING.get(waits) if waits else None
    yield Span(kind or (Kind.RESOURCE if in_turn else Kind.READY), since, end)


def _claim(row: Row) -> Kind:
    """What it waited for, of what it claims: the limiter where it claims nothing else."""
    return Kind.RATE_LIMIT if all(claim.get("kind") == API for claim in row.claims) else Kind.RESOURCE
