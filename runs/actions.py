"""What can be done to runs: make one of a todo, pause, resume, cancel, try again; set limits."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from runs import journal, transitions
from runs.claims import resources
from runs.engine import states
from runs.entry import Entry
from runs.making import freeze, planned
from runs.making.frozen import Carried
from runs.models import Backend, Resource, Run, Strategy, Subtask
from runs.orchestrating import broker, orchestrator
from runs.steering import picked
from todos.models import Todo
from todos.problems import Conflict, Invalid, Missing


@dataclass(slots=True)
class Options:
    """How a run is to be carried out."""

    backend: str = Backend.EMBEDDED
    strategy: str = Strategy.AUTO
    max_agents: int = settings.RUN_MAX_AGENTS
    adaptive: bool = False
    fail_fast: bool = False
    barriers: bool = False
    lanes: dict[str, Any] = field(default_factory=dict)
    budget: dict[str, Any] = field(default_factory=dict)


# ---- making a run ----


@transaction.atomic
def start(todo: Todo, options: Options, *, made_by_id: int | None = None) -> Run:
    """Freezes a todo and all below it into a new run. Its leaves become subtasks; a todo without any is one, `main`.

    Leaves that are completed are carried over with their last results, unless nothing is left: then everything is done
    again.
    Raises Conflict when the todo is in a run that has not ended, Invalid when it is too large.
    """
    if options.backend == Backend.CELERY and (why := broker.hindrance()):
        raise Invalid.at("/backend", why)
    refuse_if_running(todo)
    plan = freeze.plan_of(todo)
    if options.backend == Backend.TRACKED:
        _refuse_dispatching(options)
        plan = freeze.reported_plan(todo, plan)
    completed = [key for key, leaf in plan.leaves.items() if leaf.status == states.Status.COMPLETED]
    done = {plan.leaves[key].pk: key for key in plan.kept(completed)}
    carried = _last_results(todo, done) if plan.left(completed) else {}
    return _make(todo, plan, options, carried, made_by_id=made_by_id)


def _refuse_dispatching(options: Options) -> None:
    """Nobody dispatches what agents report by themselves. Raises Invalid."""
    for name in ("fail_fast", "barriers", "lanes", "budget"):
        value = getattr(options, name)
        if any(value.values()) if isinstance(value, dict) else value:
            raise Invalid.at(f"/{name}", "agents report a tracked run by themselves: nothing in it is held back")


def _last_results(todo: Todo, done: Mapping[int, str]) -> dict[str, Carried]:
    """What was found when these todos (id to key) were last done. One that was marked as done by hand found nothing."""
    carried = {key: Carried() for key in done.values()}
    if done:
        subtasks = Subtask.objects.filter(todo__root_id=todo.tree_id, status=states.Status.COMPLETED).order_by("pk")
        for number, result, digest in subtasks.values_list("todo_id", "result", "result_digest"):
            if number in done:
                carried[done[number]] = Carried(result, digest)
    return carried


@transaction.atomic
def retry(run: Run, *, only: Collection[str] = (), made_by_id: int | None = None) -> Run:
    """A new run of the same todo, linked to the old one, in which what was completed, and not undone since, is carried
    over with its results. `only`: keys of subtasks that are done again, completed or not; of what else was not
    completed only what these need is in the new run.

    Raises Conflict while the old run has not ended or when its todo is gone or running.
    """
    todo = _todo_again(run)
    plan, carried = _again(run, todo, only)
    return _make(todo, plan, _options_of(run), carried, made_by_id=made_by_id, retry_of=run)


def would_retry(run: Run, only: Collection[str]) -> tuple[int, int]:
    """Of how many subtasks that run would be, and how many of them carried over. Raises as `retry` does."""
    plan, carried = _again(run, _todo_again(run), only)
    return len(plan.leaves), len(carried)


def _again(run: Run, todo: Todo, only: Collection[str]) -> tuple[freeze.Plan, dict[str, Carried]]:
    """The plan of a retry, and what it carries over."""
    plan = freeze.plan_of(todo)
    completed = Subtask.objects.filter(run=run, status=states.Status.COMPLETED)
    undone = Subtask.objects.filter(run__rollback_of=run, epoch__gt=0).values("key")
    rows = completed.exclude(key__in=undone).values_list("key", "result", "result_digest")
    done = {key: Carried(result, digest) for key, result, digest in rows if key in plan.leaves and key not in only}
    carried = {key: done[key] for key in plan.kept(done)}
    return (picked.narrowed(plan, only, carried) if only else plan), carried


@transaction.atomic
def baseline(run: Run, *, made_by_id: int | None = None) -> Run:
    """A new run of the same todo, one subtask at a time, to measure against. Raises Conflict as `retry` does."""
    todo = _todo_again(run)
    options = replace(_options_of(run), strategy=Strategy.SEQUENTIAL, max_agents=1)
    return _make(todo, freeze.plan_of(todo), options, {}, made_by_id=made_by_id, baseline_of=run)


def _todo_again(run: Run) -> Todo:
    """The todo of a run that has ended, free to be run again."""
    if run.status in states.RUN_UNENDED:
        raise Conflict("the run has not ended", current=run.status)
    if run.backend == Backend.TRACKED:
        raise Conflict("its agents reported this run by themselves: nobody here could do it again", current=run.status)
    if run.rollback_of_id is not None:
        raise Conflict("this run is a rollback: roll back the run it undoes for what is left", current=run.status)
    if run.todo is None:
        raise Conflict("the todo of this run was deleted", current=run.status)
    refuse_if_running(run.todo)
    return run.todo


def _options_of(run: Run) -> Options:
    return Options(
        backend=run.backend,
        strategy=run.strategy,
        max_agents=run.max_agents,
        adaptive=run.adaptive,
        fail_fast=run.fail_fast,
        barriers=run.barriers,
        lanes=run.lanes,
        budget=run.budget,
    )


def refuse_if_running(todo: Todo) -> None:
    """A todo is in one run at a time, and so is all above and below it. Raises Conflict.

    Whoever starts something of the same tree meanwhile waits until this transaction is over.
    """
    list(Todo.objects.select_for_update().filter(pk=todo.tree_id).values_list("pk"))
    in_runs = Subtask.objects.filter(run__status__in=states.RUN_UNENDED, todo__root_id=todo.tree_id)
    running = Run.objects.filter(status__in=states.RUN_UNENDED, todo_id__in=[todo.pk, todo.tree_id]).first()
    if running is None and (subtask := in_runs.select_related("run").first()):
        running = subtask.run
    if running is not None:
        raise Conflict(f"the todo is in run {running.pk}, which has not ended", current=running.status)


def _make(
    todo: Todo,
    plan: freeze.Plan,
    options: Options,
    carried: Mapping[str, Carried],
    *,
    made_by_id: int | None,
    retry_of: Run | None = None,
    baseline_of: Run | None = None,
) -> Run:
    run = Run.objects.create(
        todo=todo,
        owner_id=todo.owner_id,
        made_by_id=made_by_id,
        content=todo.content,
        backend=options.backend,
        max_agents=options.max_agents,
        adaptive=options.adaptive,
        lanes=options.lanes,
        fail_fast=options.fail_fast,
        barriers=options.barriers,
        budget=options.budget,
        retry_of=retry_of,
        baseline_of=baseline_of,
        **planned.run_of(plan, options.strategy, options.max_agents, barriers=options.barriers, carried=carried)
        | _tracked(options),
    )
    with journal.of(run.pk, run.created_at) as entry:
        freeze.write(entry, run, plan, carried)
    orchestrator.wake(run.pk)
    run.refresh_from_db()
    return run


def _tracked(options: Options) -> dict[str, Any]:
    """A run that its agents report has just been heard of, and is open for what they report. No plan limits it."""
    if options.backend != Backend.TRACKED:
        return {}
    now = timezone.now()
    return {
        "strategy": Strategy.PARALLEL if options.strategy == Strategy.AUTO else options.strategy,
        "reason": "its agents report by themselves what they do, and when",
        "theoretical_speedup": None,
        "heard_at": now,
        "open_until": now + timedelta(seconds=settings.TRACKED_OPEN_SECONDS),
    }


# ---- steering it ----


def _steer(run_id: int, verb: str, change: Callable[[Entry], bool]) -> Run:
    """Carries out one change in a transaction, or raises Conflict with the state that forbids it."""
    try:
        with transaction.atomic(), journal.of(run_id, timezone.now()) as entry:
            if not change(entry):
                raise Conflict(f"a run that is {entry['status']} cannot be {verb}", current=entry["status"])
            orchestrator.wake(run_id)
    except journal.NoSuchRun:
        raise Missing("there is no such run") from None
    return Run.objects.get(pk=run_id)


def pause(run_id: int) -> Run:
    """Stops dispatching; attempts under way go on. What agents report by themselves nobody can hold up."""

    def change(entry: Entry) -> bool:
        if entry["backend"] == Backend.TRACKED:
            raise Conflict(
                "its agents report this run by themselves: nobody here can pause it", current=entry["status"]
            )
        return transitions.move(entry, "pause")

    return _steer(run_id, "paused", change)


def resume(run_id: int) -> Run:
    return _steer(run_id, "resumed", lambda entry: transitions.move(entry, "resume"))


def cancel(run_id: int) -> Run:
    """Cancels what has not started and asks what is under way to stop; over in 16 s whatever it does."""
    return _steer(run_id, "cancelled", transitions.request_cancel)


def cancel_subtask(run_id: int, key: str) -> Subtask:
    """Cancels one subtask: at once when it waits, by asking when it is under way. What depends on it is skipped."""
    try:
        subtask = Subtask.objects.get(run=run_id, key=key)
    except Subtask.DoesNotExist:
        raise Missing("there is no such subtask") from None

    def change(entry: Entry) -> bool:
        reason = "it was cancelled"
        return transitions.cancel_one(entry, subtask.pk, reason) or transitions.request_stop(entry, subtask.pk) > 0

    try:
        _steer(run_id, "changed", change)
    except Conflict:
        subtask.refresh_from_db()
        raise Conflict(f"a subtask that is {subtask.status} cannot be cancelled", current=subtask.status) from None
    subtask.refresh_from_db()
    return subtask


# ---- what its subtasks claim ----


def set_limit(kind: str, name: str, *, capacity: int | None = None, per_second: float | None = None) -> None:
    """Sets how much there is. Who waits for it is looked at again; what is held stays held."""
    limits = {"capacity": capacity, "per_second": per_second}
    with transaction.atomic():
        journal.lock_claims(list(Run.objects.filter(status__in=states.RUN_UNENDED).values_list("pk", flat=True)))
        Resource.objects.update_or_create(kind=kind, name=name, defaults=limits)
        waiting = resources.out_of_line().filter(waits_key=f"{kind}/{name}")
        rows = list(waiting.values_list("pk", "run_id", "waits_for", "mode"))
        for run in transitions.bring_back(rows, timezone.now()):
            orchestrator.wake(run)
