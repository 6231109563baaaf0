"""From a todo to the rows of a run: its leaves as subtasks, their dependencies, and what the plan says of them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings
from django.db.models import Prefetch, prefetch_related_objects

from runs import transitions
from runs.claims import limits
from runs.engine import conditions, expected, phases, states
from runs.entry import Entry
from runs.making import claimed, frozen, storing, usual
from runs.making.frozen import Carried
from runs.models import Aggregate, Run, Subtask, SubtaskDependency
from runs.orchestrating import aggregates
from todos import models as todo_models
from todos.models import Dependency, Todo
from todos.plan import graph, words
from todos.plan.outline import OutlineError, leaf_graph
from todos.problems import Invalid

ONLY = "main"  # the key of the subtask of a todo that has none below it


@dataclass(slots=True)
class Plan:
    """The leaves of a todo by key, in reading order, and what follows from their dependencies and estimates."""

    leaves: dict[str, Todo]
    needs: dict[str, list[str]]
    seconds: dict[str, float]
    remaining: dict[str, float]
    critical_path_seconds: float
    aggregates: list[Aggregate] = field(default_factory=list)

    @property
    def whens(self) -> dict[str, str]:
        return {key: leaf.when for key, leaf in self.leaves.items()}

    def kept(self, completed: Collection[str]) -> set[str]:
        """Those of the completed that need not be done again."""
        return conditions.kept(self.needs, self.whens, set(completed))

    def left(self, completed: Collection[str]) -> set[str]:
        """What there is to do, when nothing fails, beyond what is completed. To put together what is completed is
        nothing to do."""
        ends = dict.fromkeys(completed, states.Status.COMPLETED)
        found = conditions.expected(self.needs, self.whens, ends) - set(completed)
        return found if any(self.leaves[key].pk for key in found) else set()


def plan_of(todo: Todo) -> Plan:
    """Raises Invalid when the todo has too many leaves, its dependencies close a cycle or are too many, or a leaf
    claims more than there is."""
    rows = _below(todo)
    reducers = aggregates.reducers(todo, rows)
    rows += reducers.values()
    parents = {row.key: row.parent.key if row.parent_id != todo.pk and row.parent else None for row in rows}
    above = {row.parent_id for row in rows}
    by_key = {row.key: row for row in rows} or {todo.key or ONLY: todo}
    try:
        needs = leaf_graph(_needs(rows, parents) | aggregates.needs(rows), parents) if rows else {todo.key or ONLY: []}
        if len(needs) > settings.RUN_MAX_SUBTASKS:
            raise Invalid.at("", f"{len(needs)} subtasks, and a run has at most {settings.RUN_MAX_SUBTASKS}")
        leaves = {key: by_key[key] for key in needs if by_key[key].pk not in above}
        unknown = settings.SUBTASK_EXPECTED_SECONDS
        seconds = {
            key: expected.seconds(leaf.executor, leaf.estimated_seconds, unknown) for key, leaf in leaves.items()
        }
        remaining = graph.remaining_paths(needs, seconds.__getitem__)
    except OutlineError as error:
        raise Invalid.outline(error) from error
    except graph.CycleError as error:
        raise Invalid.at("/depends_on", f"a cycle: {error}") from error
    _refuse_too_large(leaves)
    longest = longest_chain(leaves, needs, seconds, remaining)
    return Plan(leaves, needs, seconds, remaining, longest, aggregates.found(todo, rows))


def longest_chain(
    leaves: Mapping[str, Todo],
    needs: Mapping[str, Sequence[str]],
    seconds: Mapping[str, float],
    remaining: Mapping[str, float],
) -> float:
    """The longest chain of work, in seconds, when nothing fails."""
    run = conditions.expected(needs, {key: leaf.when for key, leaf in leaves.items()})
    if len(run) < len(needs):
        remaining = graph.remaining_paths(needs, lambda key: seconds[key] if key in run else 0.0)
    return max(remaining.values())


def reported_plan(todo: Todo, plan: Plan) -> Plan:
    """What a run begins with whose agents report by themselves: a todo with nothing below it adds nothing."""
    return plan if todo.counts else Plan({}, {}, {}, {}, 0.0)


def _below(todo: Todo) -> list[Todo]:
    """All below a todo, in reading order, each with its `parent` and claims at hand."""
    tree = list(Todo.objects.filter(root_id=todo.tree_id).order_by("position", "pk"))
    claims = Prefetch("claims", todo_models.Claim.objects.order_by("pk"))
    prefetch_related_objects([row for row in tree if row.resources_known], claims)
    children: dict[int | None, list[Todo]] = {}
    for row in tree:
        children.setdefault(row.parent_id, []).append(row)
    found: list[Todo] = []
    stack = list(reversed(children.get(todo.pk, [])))
    by_pk = {row.pk: row for row in tree} | {todo.pk: todo}
    while stack:
        row = stack.pop()
        row.parent = by_pk[row.parent_id] if row.parent_id else None
        found.append(row)
        stack.extend(reversed(children.get(row.pk, [])))
    return found


def _refuse_too_large(leaves: Mapping[str, Todo]) -> None:
    found = limits.too_large((key, claim) for key, leaf in leaves.items() for claim in claimed.claims_of(leaf) or [])
    if found:
        key, claim = found
        raise Invalid.at("", f"{key} {limits.in_words(claim)}, more than there are")


def _needs(rows: list[Todo], parents: Mapping[str, str | None]) -> dict[str, list[str]]:
    """Dependencies by key, within these rows: what lies outside the run is no business of it."""
    needs: dict[str, list[str]] = {}
    links = (
        Dependency.objects.filter(after__in=[row.pk for row in rows])
        if len(rows) < 500
        else (Dependency.objects.filter(after__root_id=rows[0].root_id))
    )
    for after, before in links.order_by("pk").values_list("after__key", "before__key"):
        if after in parents and before in parents:
            needs.setdefault(after, []).append(before)
    return needs


def write(entry: Entry, run: Run, plan: Plan, carried: Mapping[str, Carried]) -> None:
    """Makes the subtasks and dependencies of a run, and counts them. Those carried over are completed already."""
    first = _first_phase(plan, carried) if run.barriers else None
    priorities = {leaf.priority for key, leaf in plan.leaves.items() if key not in carried}
    entry.mark(phase=first, ranked=len(priorities) > 1)
    barred = {key for key, leaf in plan.leaves.items() if key not in carried and entry.is_barred(leaf.phase)}
    subtasks = [_subtask(run, plan, key, at, carried, entry.now, barred) for at, key in enumerate(plan.leaves)]
    for subtask in subtasks if entry["ranked"] else ():
        subtask.aged = 0
    usual.tell(run, subtasks)
    keep(entry, run, subtasks, plan.needs, at_barrier=len(barred))
    aggregates.keep(run, plan.aggregates)
    if entry["conditional"]:
        _skip_unneeded(entry, subtasks, barred)


def _skip_unneeded(entry: Entry, subtasks: Sequence[Subtask], barred: Collection[str]) -> None:
    """Those for a failure of what is completed already, or of nothing at all."""
    free = [one for one in subtasks if one.when == words.When.FAILED and one.unmet == (one.key in barred)]
    skipped = transitions.skip_unneeded(entry, [one.pk for one in free if one.status == states.Status.PENDING])
    transitions.follow(entry, [(number, key, states.Status.SKIPPED) for number, key, *_ in skipped])


def keep(
    entry: Entry, run: Run, subtasks: Sequence[Subtask], needs_of: Mapping[str, Sequence[str]], at_barrier: int = 0
) -> None:
    """Stores the subtasks of a new run with their dependencies, by key, and counts them."""
    storing.store(subtasks)
    ids = {subtask.key: subtask.pk for subtask in subtasks}
    depend(run, ((ids[before], ids[after]) for after, needs in needs_of.items() for before in needs))
    entry.note("run_created", after=states.Run.PENDING, data={"subtasks": len(subtasks)})
    transitions.count_in(entry, subtasks, at_barrier)
    for subtask in subtasks:
        if subtask.status == states.Status.COMPLETED:
            entry.note("carried_over", topic="results", subtask=subtask.pk, before="pending", after="completed")


def depend(run: Run, links: Iterable[tuple[int, int]]) -> None:
    """Stores dependencies: who goes first, and who after."""
    storing.store([SubtaskDependency(run=run, before_id=before, after_id=after) for before, after in links])


def _first_phase(plan: Plan, carried: Mapping[str, Carried]) -> int | None:
    """The first that has something left to do. Raises Invalid when barriers would make subtasks wait for each other."""
    of = {key: leaf.phase for key, leaf in plan.leaves.items()}
    if pair := phases.backward(plan.needs, of):
        after, before = pair
        raise Invalid.at("/barriers", f"{after} of phase {of[after]} needs {before} of phase {of[before]}")
    return min((phase for key, phase in of.items() if phase is not None and key not in carried), default=None)


def _subtask(
    run: Run,
    plan: Plan,
    key: str,
    position: int,
    carried: Mapping[str, Carried],
    now: datetime,
    barred: Collection[str],
) -> Subtask:
    leaf, done = plan.leaves[key], carried.get(key)
    return frozen.subtask(
        run,
        leaf,
        key,
        position,
        claims=claimed.claims_of(leaf),
        unmet=0 if done else sum(1 for need in plan.needs[key] if need not in carried) + (key in barred),
        expected_seconds=plan.seconds[key],
        remaining_seconds=plan.remaining[key],
        now=now,
        done=done,
    )


def reported(run: Run, leaf: Todo, *, key: str, position: int, now: datetime) -> Subtask:
    """A subtask that an agent has found by itself; `leaf` is not stored where it has no todo."""
    unknown = settings.SUBTASK_EXPECTED_SECONDS
    seconds = expected.seconds(leaf.executor, leaf.estimated_seconds, unknown)
    made = frozen.subtask(
        run,
        leaf,
        key,
        position,
        claims=None,
        unmet=0,
        expected_seconds=seconds,
        remaining_seconds=seconds,
        now=now,
    )
    made.depth = 1
    return made
