"""Rolling a run back: what its completed subtasks say of how they are undone, as a run of its own.

One after the other, the last that was completed first. Each is begun once: it has no further tries, and one that fails
ends the rollback, so that nothing is undone while something later still stands. Another rollback begins after it.
"""

from collections.abc import Sequence
from itertools import pairwise

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from runs import actions, journal
from runs.engine import expected, pools, states
from runs.making import freeze, frozen
from runs.models import Backend, Run, Strategy, Subtask
from runs.orchestrating import orchestrator
from todos.plan import words
from todos.plan.claims import Claim
from todos.problems import Conflict


@transaction.atomic
def rollback(run: Run, *, made_by_id: int | None = None) -> Run:
    """A new run, linked to this one, that undoes what this one has completed itself and nobody has begun to undo.

    Raises Conflict while the run, its rollback or its todo is under way, and when there is nothing to undo.
    """
    with journal.of(run.pk, timezone.now()) as entry:  # two at once take turns
        if not entry.ended:
            raise Conflict("the run has not ended", current=entry["status"])
    if run.todo is not None:
        actions.refuse_if_running(run.todo)
    if under_way(run):
        raise Conflict("it is being rolled back already", current=run.status)
    steps = list(left(run).defer("result"))
    if not steps:
        raise Conflict("there is nothing to undo, or no more", current=run.status)
    return _make(run, steps, made_by_id)


def under_way(run: Run) -> bool:
    """Whether a rollback of it has not ended."""
    return Run.objects.filter(rollback_of=run, status__in=states.RUN_UNENDED).exists()


def left(run: Run) -> QuerySet[Subtask]:
    """What it has completed itself, says how it is undone, and nobody has begun to undo: the last completed first."""
    done = Subtask.objects.filter(run=run, status=states.Status.COMPLETED, epoch__gt=0, rollback__isnull=False)
    begun = Subtask.objects.filter(run__rollback_of=run, epoch__gt=0).values("key")
    return done.exclude(key__in=begun).order_by("-finished_at", "-pk")


def _make(run: Run, steps: Sequence[Subtask], made_by_id: int | None) -> Run:
    made = Run.objects.create(
        todo=run.todo,
        owner_id=run.owner_id,
        made_by_id=made_by_id,
        content=run.content,
        backend=Backend.EMBEDDED,
        strategy=Strategy.SEQUENTIAL,
        reason="what was completed last is undone first",
        max_agents=1,
        rollback_of=run,
    )
    subtasks = [_undo(made, step, at) for at, step in enumerate(steps)]
    work = sum(subtask.expected_seconds for subtask in subtasks)
    Run.objects.filter(pk=made.pk).update(work_seconds=work, critical_path_seconds=work, theoretical_speedup=1.0)
    keys = [subtask.key for subtask in subtasks]
    with journal.of(made.pk, made.created_at) as entry:
        freeze.keep(entry, made, subtasks, {after: [before] for before, after in pairwise(keys)})
    orchestrator.wake(made.pk)
    made.refresh_from_db()
    return made


def _undo(made: Run, step: Subtask, at: int) -> Subtask:
    """The other way round, with the claims of the way there."""
    lane = words.lane_of(step.rollback)
    asks = words.asks(step.rollback)
    claims = [] if asks else step.claims
    return Subtask(
        run=made,
        key=step.key,
        content=f"Undo: {step.content}",
        position=at,
        executor=step.rollback,
        pool=pools.pool_of(step.rollback),
        lane=lane,
        timeout_seconds=settings.APPROVAL_TIMEOUT_SECONDS if asks else step.timeout_seconds,
        max_retries=0,
        max_iterations=step.max_iterations,
        unmet=int(at > 0),
        expected_seconds=expected.seconds(step.rollback, None, settings.SUBTASK_EXPECTED_SECONDS),
        remaining_seconds=0,
        created_at=made.created_at,
        ready_at=None if at else made.created_at,
        claims=claims,
        claims_group=frozen.group(made, [Claim(**claim) for claim in claims or ()], lane),
    )
