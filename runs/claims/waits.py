"""Why subtasks wait, and the line of those that can start."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from runs import statements as sql
from runs.claims import resources
from runs.engine import states
from runs.engine.modes import Mode
from runs.engine.schedule import Ready
from runs.models import Backend, Run, Subtask, SubtaskDependency
from runs.orchestrating import pools
from todos.plan.words import Lane

SHOWN_NEEDS = 3
SHOWN_PLACES = 100


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a subtask waits for: the word of the contract, and which key, place in line, time, or question."""

    word: str | None = None
    detail: dict[str, Any] | None = None


def of(run: Run, subtasks: Sequence[Subtask]) -> dict[int, Waiting]:
    """For each of these subtasks, by id. A fixed number of queries, however many there are."""
    pending = [subtask for subtask in subtasks if subtask.status == states.Status.PENDING]
    asking = [one for one in subtasks if one.waits_for == states.Wait.PERSON or one.question]
    if not (pending or asking) or run.status in states.RUN_TERMINAL:
        return {}
    needs = _open_needs([subtask.pk for subtask in pending if subtask.unmet])
    places = _places(run) if any(not subtask.unmet for subtask in pending) else {}
    claimed = resources.details_of(run, [subtask for subtask in pending if subtask.waits_for])
    asked = {subtask.pk: Waiting(states.Wait.PERSON, _question(run, subtask)) for subtask in asking}
    return asked | {
        subtask.pk: Waiting(subtask.waits_for, claimed[subtask.pk])
        if subtask.pk in claimed
        else _wait_of(run, subtask, needs, places)
        for subtask in pending
    }


def _question(run: Run, subtask: Subtask) -> dict[str, Any]:
    """What is asked; in a tracked run it must be answered in a session of the agent's own."""
    return {"question": question_of(subtask)} | ({"elsewhere": True} if run.backend == Backend.TRACKED else {})


def question_of(subtask: Subtask) -> str:
    """What a person is asked: by an agent that is at it, or by the subtask itself."""
    return subtask.question or str((subtask.executor or {}).get("question", ""))


def _wait_of(run: Run, subtask: Subtask, needs: dict[int, list[dict]], places: dict[int, int]) -> Waiting:
    if run.phase is not None and subtask.phase is not None and subtask.phase > run.phase:
        return Waiting(
            states.Wait.BARRIER, {"phase": run.phase, "own_phase": subtask.phase, "until": run.barrier_until}
        )
    if subtask.unmet:
        open_needs = needs.get(subtask.pk, [])
        shown = open_needs[:SHOWN_NEEDS]
        return Waiting(states.Wait.DEPENDENCY, {"needs": shown, "more": max(0, subtask.unmet - len(shown))})
    if run.status == states.Run.PAUSED:
        return Waiting(states.Wait.PAUSED, None)
    if subtask.not_before is not None:
        return Waiting(states.Wait.RETRY, {"not_before": subtask.not_before, "last_try": subtask.last_try})
    if run.backend == Backend.TRACKED:
        return Waiting(states.Wait.AGENT, {"reason": "its agent has not reported that it has begun"})
    if subtask.mode == Mode.EXTERNAL:
        why = (
            "it is kept for outside agents" if subtask.executor else "it has no executor: an outside agent must take it"
        )
        return Waiting(states.Wait.AGENT, {"reason": why, "assigned_agent": subtask.assigned_agent or None})
    pool = pools.in_the_way(subtask.pool)
    return Waiting(states.Wait.CAPACITY, {"place": places.get(subtask.pk), "alone": subtask.alone, "pool": pool})


def _open_needs(subtasks: list[int]) -> dict[int, list[dict]]:
    """Dependencies that have not ended, those in progress first."""
    links = (
        SubtaskDependency.objects.filter(after__in=subtasks)
        .exclude(before__status__in=states.TERMINAL)
        .order_by("before__status", "before__position")
        .values_list("after_id", "before__key", "before__status")
    )
    found: dict[int, list[dict]] = {}
    for after, key, status in links[: 50 * len(subtasks) if subtasks else 0]:
        found.setdefault(after, []).append({"key": key, "status": status})
    return found


def _places(run: Run) -> dict[int, int]:
    """The line at the door: ids of the first subtasks that can start, and their places, from 1."""
    return {number: place for place, number in enumerate(line(run, SHOWN_PLACES), start=1)}


def line(run: Run, limit: int) -> list[int]:
    """Ids of the first subtasks that can start here, in the order they will.

    Each lane has a line of its own, for so the index keeps them. What outside agents take stands in no line.
    """
    ready = [Ready(*row) for lane in Lane for row in sql.READY(run=run.pk, lane=lane, limit=limit)]
    return [item.id for item in sorted(ready, key=lambda item: item.rank)[:limit]]
