"""Subtasks that are added to a run under way: fan-out over what was found."""

from collections.abc import Mapping, Sequence

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from runs import journal, transitions
from runs.claims import limits
from runs.engine import conditions, states
from runs.entry import Entry
from runs.making import freeze, frozen, planned, usual
from runs.making.upstream import FEW, Graph, There, graph_of, named
from runs.models import Attempt, Run, Subtask
from runs.orchestrating import aggregates, orchestrator
from todos import actions as todo_actions
from todos.models import Todo
from todos.plan import graph, words
from todos.plan.claims import Claim
from todos.plan.outline import MAX_EDGES, Problem
from todos.principal import Principal
from todos.problems import Conflict, Forbidden, Invalid, Missing
from todos.rest.reading import Id
from todos.wire.inputs import SubtaskIn

DEEPEST = 3
UNWELL = states.TERMINAL - {states.Status.COMPLETED}


class Addition(SubtaskIn):
    """A subtask to be added. `attempt`: the open one under which it is; an agent names one of its own."""

    attempt: Id | None = None


@transaction.atomic
def add(by: Principal, run: Run, items: Sequence[Addition], *, bare: bool = False) -> list[Subtask]:
    """The new subtasks, in order. `bare`: the only one was sent without a list around it.

    They stand among the todos, too, below the todo of the run, where that has subtasks: so a retry does them again.
    Raises Conflict when the run takes none any more, Invalid, Forbidden.
    """
    try:
        with journal.of(run.pk, timezone.now()) as entry:
            run = Run.objects.get(pk=run.pk)
            _refuse_unless_open(entry, run)
            at = [""] if bare else [f"/{number}" for number in range(len(items))]
            _refuse_wrong(run, list(zip(at, items)))
            parents = [_parent(by, run, pointer, item) for pointer, item in zip(at, items)]
            there = named(run, [need for item in items for need in item.depends_on])
            _refuse_unknown(run, list(zip(at, items)), there)
            leaves = _plant(by, run, items, there, bare)
            needs = {leaf.key: list(dict.fromkeys(item.depends_on)) for leaf, item in zip(leaves, items)}
            made = _join(entry, run, items, leaves, parents, graph_of(run, leaves, needs, there))
            orchestrator.wake(run.pk)
    except journal.NoSuchRun:
        raise Missing("There is no such run.") from None
    return list(Subtask.objects.filter(pk__in=[one.pk for one in made]).order_by("position"))


# ---- what may be added ----


def _refuse_unless_open(entry: Entry, run: Run) -> None:
    status = entry["status"]
    if entry.ended:
        raise Conflict("the run has ended", current=status)
    if entry["cancel_requested_at"] is not None or entry["end_reason"]:
        raise Conflict("the run is being stopped, and starts nothing any more", current=status)
    if run.rollback_of_id or run.baseline_of_id:
        raise Conflict("this run does what another did, and nothing else", current=status)


def _refuse_wrong(run: Run, sent: Sequence[tuple[str, Addition]]) -> None:
    """What can be told from what was sent alone."""
    problems = [Problem(f"{at}/subtasks", "only leaves can be added to a run") for at, item in sent if item.subtasks]
    problems += [Problem(f"{at}/status", "what is added is pending") for at, item in sent if item.status != "pending"]
    if run.total + len(sent) > settings.RUN_MAX_SUBTASKS:
        detail = f"{run.total + len(sent)} subtasks, and a run has at most {settings.RUN_MAX_SUBTASKS}"
        problems.append(Problem("", detail))
    if sum(len(item.depends_on) for _, item in sent) > MAX_EDGES:
        problems.append(Problem("", f"more than {MAX_EDGES} dependencies between subtasks"))
    claims = ((at, claim) for at, item in sent for claim in _claims(item) or [])
    if found := limits.too_large(claims):
        at, claim = found
        problems.append(Problem(f"{at}/resources", f"it {limits.in_words(claim)}, more than there are"))
    if problems:
        raise Invalid(problems[0].detail, problems)


def _claims(item: Addition) -> list[Claim] | None:
    if item.resources is None:
        return None
    return [Claim(one.kind, one.name, one.mode, one.amount) for one in item.resources]


def _parent(by: Principal, run: Run, at: str, item: Addition) -> Attempt | None:
    """The attempt under which it is added; of whoever was lent its token with one, that."""
    wanted = item.attempt or by.attempt_id
    if wanted is None:
        if by.scope == "agent":
            raise Invalid.at(f"{at}/attempt", "an agent adds subtasks under an attempt of its own")
        return None
    attempt = Attempt.objects.filter(pk=wanted, run=run).select_related("subtask").first()
    if attempt is None:
        raise Invalid.at(f"{at}/attempt", "there is no such attempt in this run")
    if by.scope == "agent" and attempt.pk != by.attempt_id and attempt.token_id != by.token_id:
        raise Forbidden("that attempt is another's", [Problem(f"{at}/attempt", "that attempt is another's")])
    if attempt.status not in states.ATTEMPT_OPEN or attempt.epoch != attempt.subtask.epoch:
        raise Conflict("that attempt has ended", current=attempt.status)
    if attempt.subtask.depth >= DEEPEST:
        raise Invalid.at(f"{at}/attempt", f"subtasks are added by added ones at most {DEEPEST} deep")
    return attempt


def _refuse_unknown(run: Run, sent: Sequence[tuple[str, Addition]], there: Mapping[str, There]) -> None:
    """Keys that stand in the way, and keys that lead nowhere."""
    new = {item.key for _, item in sent if item.key}
    sources = {key for _, item in sent for one in (item.inputs or {}).values() for key in one.sources}
    known = there.keys() | named(run, sources).keys() | new
    taken = named(run, new).keys()
    unknown = "there is no subtask with the key {!r} in this run"
    problems = [Problem(f"{at}/key", f"the key {one.key!r} is there already") for at, one in sent if one.key in taken]
    problems += [
        Problem(f"{at}/depends_on/{number}", unknown.format(need))
        for at, item in sent
        for number, need in enumerate(item.depends_on)
        if need not in known
    ]
    problems += [
        Problem(f"{at}/inputs/{name}/from", unknown.format(key))
        for at, item in sent
        for name, one in (item.inputs or {}).items()
        for key in one.sources
        if key not in known
    ]
    if problems:
        raise Invalid(problems[0].detail, problems)


# ---- making them ----


def _plant(by: Principal, run: Run, items: Sequence[Addition], there: Mapping[str, There], bare: bool) -> list[Todo]:
    """The todos they are frozen from: below the todo of the run, unless that does something itself or is gone."""
    if run.todo is None or not run.todo.counts:
        taken = set(Subtask.objects.filter(run=run).values_list("key", flat=True))
        return todo_actions.loose(by, items, taken, bare=bare)
    of_no_todo = {key for key, one in there.items() if one.todo is None}
    known = [
        item.model_copy(update={"depends_on": [need for need in item.depends_on if need not in of_no_todo]})
        for item in items
    ]
    leaves = todo_actions.add(by, run.todo, known, bare=bare)
    if clash := named(run, [leaf.key for leaf in leaves]):
        raise Conflict(f"the key {min(clash)!r} is there already: name another", current=run.status)
    return leaves


def _join(
    entry: Entry,
    run: Run,
    items: Sequence[Addition],
    leaves: Sequence[Todo],
    parents: Sequence[Attempt | None],
    made: Graph,
) -> list[Subtask]:
    """Stores them, and sees to the plan of the run."""
    _begin_with_phase(entry, run, leaves)
    remaining = graph.remaining_paths(made.needs, made.seconds.__getitem__)
    subtasks = []
    for at, (leaf, item, parent) in enumerate(zip(leaves, items, parents)):
        one = frozen.subtask(
            run,
            leaf,
            leaf.key,
            run.total + at,
            claims=_claims(item),
            unmet=_unmet(made, leaf) + entry.is_barred(leaf.phase),
            expected_seconds=made.seconds[leaf.key],
            remaining_seconds=remaining[leaf.key],
            now=entry.now,
        )
        one.depth = parent.subtask.depth + 1 if parent else 1
        one.added_by = parent.pk if parent else None
        subtasks.append(one)
    _keep_ranks(entry, run, subtasks)
    usual.tell(run, subtasks)
    Subtask.objects.bulk_create(subtasks, batch_size=FEW)
    ids = {one.key: one.pk for one in made.there.values()} | {one.key: one.pk for one in subtasks}
    freeze.depend(run, ((ids[need], one.pk) for one in subtasks for need in made.needs[one.key]))
    _put_together(entry, run, subtasks, made)
    at_barrier = sum(1 for one in subtasks if entry.is_barred(one.phase))
    transitions.join(entry, subtasks, at_barrier, {one.pk: end for one in subtasks if (end := _unwell(made, one))})
    transitions.lengthen(entry, {one.pk: remaining[key] for key, one in made.there.items()})
    _plan(run, subtasks, made)
    return subtasks


def _put_together(entry: Entry, run: Run, subtasks: Sequence[Subtask], made: Graph) -> None:
    """What stands below the todo of the run is part of what that puts together."""
    if run.todo and subtasks and subtasks[0].todo_id:
        reducer = aggregates.extend(run, [one.key for one in subtasks], made.there)
        if reducer is not None:
            freeze.depend(run, ((one.pk, reducer) for one in subtasks))
            transitions.await_more(entry, reducer, len(subtasks))


def _unmet(made: Graph, leaf: Todo) -> int:
    """How many of those it needs have not ended as they must."""
    stand = [made.there[need].status if need in made.there else states.Status.PENDING for need in made.needs[leaf.key]]
    well = {states.Status.COMPLETED} if leaf.when == words.When.SUCCESS else states.TERMINAL
    return sum(1 for status in stand if status not in well)


def _unwell(made: Graph, one: Subtask) -> tuple[str, str] | None:
    """Key and status of the first of those it needs that did not end well, where that matters."""
    if one.when != words.When.SUCCESS:
        return None
    found = (made.there[need] for need in made.needs[one.key] if need in made.there)
    return next(((need.key, need.status) for need in found if need.status in UNWELL), None)


def _begin_with_phase(entry: Entry, run: Run, leaves: Sequence[Todo]) -> None:
    """Barriers begin with the first subtasks that have phases."""
    if run.barriers and entry["phase"] is None:
        entry.mark(phase=min((leaf.phase for leaf in leaves if leaf.phase is not None), default=None))


def _keep_ranks(entry: Entry, run: Run, subtasks: Sequence[Subtask]) -> None:
    if not entry["ranked"]:
        before = Subtask.objects.filter(run=run, status=states.Status.PENDING).values_list("priority", flat=True)[:1]
        if len({*before, *(one.priority for one in subtasks)}) > 1:
            transitions.rank(entry)
    for one in subtasks if entry["ranked"] else ():
        one.aged = 0


def _plan(run: Run, subtasks: Sequence[Subtask], made: Graph) -> None:
    """More work, a longer chain perhaps, and another limit of the speedup."""
    ends = {key: one.status if one.status in UNWELL else states.Status.COMPLETED for key, one in made.there.items()}
    whens = {key: one.when for key, one in made.there.items()} | {one.key: one.when for one in subtasks}
    ran = conditions.expected(made.needs, whens, ends)
    counted = {key for key in ran if key not in made.there or made.there[key].when != words.When.FAILED}
    _, chain = graph.critical_path(made.needs, lambda key: made.seconds[key] if key in counted else 0.0)
    work = run.work_seconds + sum(one.expected_seconds for one in subtasks if one.key in ran)
    longest = max(run.critical_path_seconds, chain)
    Run.objects.filter(pk=run.pk).update(
        work_seconds=work, critical_path_seconds=longest, **planned.limit_anew(run, subtasks, work, longest)
    )
