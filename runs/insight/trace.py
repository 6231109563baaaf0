"""A run as a trace: JSON that Chrome's tracing and Perfetto open. A process is the run, a thread an agent, a slice an
attempt; arrows lead from a subtask to those that need it, and counters tell how many are running and pending.

Slices of a thread must not overlap: Perfetto drops the later one. Who is at several subtasks at once has several
threads.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic_core import to_json

from runs.insight.history import History, Row, Try
from runs.models import Agent, Run, RunAgent

Json = dict[str, Any]
AT_ONCE = 500  # events in a part
LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Lanes:
    """Numbers of threads: of each attempt, and the names by number, in order. What is about the run as a whole is on
    the main thread, which has the number of its process."""

    of: dict[int, int]
    names: dict[int, str]


def chunks(run: Run, history: History) -> Iterator[bytes]:
    """The file, part by part."""
    yield b'{"displayTimeUnit":"ms","traceEvents":['
    between, part = b"\n", []
    for event in _events(run, history):
        part.append(between + to_json(event))
        between = b",\n"
        if len(part) == AT_ONCE:
            yield b"".join(part)
            part = []
    yield b"".join(part) + b"\n]}\n"


def _events(run: Run, history: History) -> Iterator[Json]:
    lanes = _lanes(run, history)
    yield from _names(run, lanes)
    for row in history.rows:
        for one in history.tries.get(row.id, ()):
            yield from _attempt(run, history, row, one, lanes)
    yield from _arrows(run, history, lanes)
    yield from _counters(run, history)
    for start, end in history.pauses:
        about = {"name": "paused", "cat": "run", "ph": "X", "ts": start, "dur": end - start, "args": {}}
        yield about | _at(run, run.pk)


def _at(run: Run, lane: int) -> Json:
    return {"pid": run.pk, "tid": lane}


# ---- threads ----


def _lanes(run: Run, history: History) -> Lanes:
    agents = Agent.objects.filter(pk__in=RunAgent.objects.filter(run=run.pk).values("agent"))
    ordered = sorted(agents.values_list("pk", "name"), key=lambda agent: (len(agent[1]), agent[1]))
    places, beside = _beside(history)
    found, numbers = Lanes({}, {}), {}
    for agent, name in ordered:
        for place in range(beside.get(agent, 1)):
            number = numbers[agent, place] = run.pk + 1 + len(found.names)
            found.names[number] = name if place == 0 else f"{name} ({place + 1})"
    for one in history.every_try():
        found.of[one.id] = numbers[one.agent, places[one.id]]
    return found


def _beside(history: History) -> tuple[dict[int, int], dict[int, int]]:
    """The first place beside each other that is free for each attempt, and how many places each agent needs. Questions
    are no slices, so they need none of their own."""
    free: dict[int, list[int]] = {}  # by agent, from when on each of its places is
    places = {}
    for one in sorted(history.every_try(), key=lambda one: (one.begun, one.id)):
        ends = free.setdefault(one.agent, [0])
        place = 0 if one.asked else next((at for at, end in enumerate(ends) if end <= one.begun), len(ends))
        places[one.id] = place
        if not one.asked:
            ends[place : place + 1] = [_end(history, one)]
    return places, {agent: len(ends) for agent, ends in free.items()}


def _end(history: History, one: Try) -> int:
    return max(one.begun, history.length if one.ended is None else one.ended)


def _names(run: Run, lanes: Lanes) -> Iterator[Json]:
    yield {"name": "process_name", "ph": "M", **_at(run, run.pk), "args": {"name": run.content[:LONGEST_NAME]}}
    yield {"name": "thread_name", "ph": "M", **_at(run, run.pk), "args": {"name": "run"}}
    for place, (number, name) in enumerate(lanes.names.items(), 1):
        yield {"name": "thread_name", "ph": "M", **_at(run, number), "args": {"name": name}}
        yield {"name": "thread_sort_index", "ph": "M", **_at(run, number), "args": {"sort_index": place}}


# ---- what happened ----


def _attempt(run: Run, history: History, row: Row, one: Try, lanes: Lanes) -> Iterator[Json]:
    end, lane = _end(history, one), lanes.of[one.id]
    about = {"name": row.key, "cat": "question" if one.asked else "attempt"}
    args = {"attempt": str(one.id), "epoch": one.epoch, "status": one.status, "lane": row.lane}
    if one.asked:  # several may be open at once, so they are no slices of a thread
        yield about | {"ph": "b", "id": one.id, "ts": one.begun, **_at(run, lane), "args": args}
        yield about | {"ph": "e", "id": one.id, "ts": end, **_at(run, lane)}
        if one.ended is not None:
            yield _instant(run, run.pk, f"answered: {row.key}", one.ended, "p")
        return
    yield about | {"ph": "X", "ts": one.begun, "dur": end - one.begun, **_at(run, lane), "args": args}
    if one.ended is not None and not one.succeeded and one.epoch < row.epoch:
        yield _instant(run, lane, f"to be tried again: {row.key}", one.ended, "t")


def _instant(run: Run, lane: int, name: str, at: int, scope: str) -> Json:
    return {"name": name, "cat": "event", "ph": "i", "s": scope, "ts": at, **_at(run, lane)}


def _arrows(run: Run, history: History, lanes: Lanes) -> Iterator[Json]:
    """From within the slice that ends with success to the beginning of the first one that needed it."""
    number = 0
    for after, befores in history.needs.items():
        first = next(iter(history.tries.get(after, ())), None)
        for before in befores:
            last = next((one for one in reversed(history.tries.get(before, ())) if one.succeeded), None)
            if first is None or last is None or last.ended is None:
                continue
            number += 1
            about = {"name": "needs", "cat": "dependency", "id": number}
            out = max(last.begun, last.ended - 1)
            yield about | {"ph": "s", "ts": out, **_at(run, lanes.of[last.id])}
            yield about | {"ph": "f", "bp": "e", "ts": first.begun, **_at(run, lanes.of[first.id])}


def _counters(run: Run, history: History) -> Iterator[Json]:
    changes: dict[int, Counter[str]] = {}
    for row in history.rows:
        for at, name, change in _steps(history, row):
            changes.setdefault(at, Counter())[name] += change
    now: Counter[str] = Counter()
    for at in sorted(changes):
        for name, change in changes[at].items():
            now[name] += change
        args = {"running": now["running"], "pending": now["pending"]}
        yield {"name": "subtasks", "ph": "C", "ts": at, **_at(run, run.pk), "args": args}


def _steps(history: History, row: Row) -> Iterator[tuple[int, str, int]]:
    """When a subtask begins and ends to be running and to be pending."""
    tries = history.tries.get(row.id, [])
    if not tries and row.status == "completed":
        return  # carried over
    pending: int | None = 0
    for one in tries:
        if pending is not None:
            yield pending, "pending", 1
            yield one.leased, "pending", -1
        yield one.leased, "running", 1
        if one.ended is not None:
            yield one.ended, "running", -1
        pending = one.ended
    if pending is not None and row.status in ("pending", "cancelled", "skipped"):
        yield pending, "pending", 1
        if row.ended is not None:
            yield max(pending, row.ended), "pending", -1
