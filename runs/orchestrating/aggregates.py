"""Parents that put the results of their children together: frozen with a run, worked out when it ends."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from django.conf import settings
from django.db.models import Sum, TextField
from django.db.models.functions import Cast, Length

from runs.engine import aggregate as rules
from runs.engine import states
from runs.executors.results import Unstorable, encode
from runs.models import Aggregate, Run, Subtask
from todos.models import Todo
from todos.plan.outline import KEY_LENGTH
from todos.plan.words import When

REDUCE = ".reduce"
MOST_TIMES = 16  # as much as one result may have, all that a run puts together may have


# ---- freezing ----


def reducers(top: Todo, rows: Sequence[Todo]) -> dict[int, Todo]:
    """For each parent (by id) that lets an executor reduce: the subtask that does, as a todo that is not stored. It
    stands below its parent, so what depends on the parent waits for it, too. `rows`: all below `top`."""
    below = _children(top, rows)
    found: dict[int, Todo] = {}
    taken = {row.key for row in rows}
    for parent in _deepest_first(top, rows, below):
        spec = parent.aggregate
        if spec and spec["kind"] == "reduce":
            key = _free(parent.key or "main", taken)
            taken.add(key)
            found[parent.pk] = _reducer(top, parent, key, list(_leaves(parent, below, found)))
    return found


def _reducer(top: Todo, parent: Todo, key: str, sources: list[str]) -> Todo:
    spec = parent.aggregate or {}
    results = {"from": sources, "pointer": spec.get("pointer", ""), "completed": True}
    return Todo(
        owner_id=top.owner_id,
        root_id=top.tree_id,
        parent=parent,
        key=key,
        content=f"Put together: {parent.content}",
        priority=parent.priority,
        executor=spec["executor"],
        when=When.ALWAYS,
        inputs={"results": results},
    )


def _free(key: str, taken: set[str]) -> str:
    """`<parent>.reduce`, or with a number behind it."""
    number, end = 1, REDUCE
    while (found := key[: KEY_LENGTH - len(end)] + end) in taken:
        number += 1
        end = f"{REDUCE}-{number}"
    return found


def _leaves(parent: Todo, below: Mapping[int, list[Todo]], found: Mapping[int, Todo]) -> Iterator[str]:
    """What a reducer gets the results of: leaves, and of a parent that has a reducer itself, that one."""
    for child in below[parent.pk]:
        if child.pk in found:
            yield found[child.pk].key
        elif child.pk in below:
            yield from _leaves(child, below, found)
        else:
            yield child.key


def needs(rows: Sequence[Todo]) -> dict[str, list[str]]:
    """A reducer (a row that is not stored) needs all that stand below its parent."""
    beside: dict[int | None, list[str]] = {}
    for row in rows:
        if row.pk:
            beside.setdefault(row.parent_id, []).append(row.key)
    return {row.key: beside[row.parent_id] for row in rows if not row.pk}


def found(top: Todo, rows: Sequence[Todo]) -> list[Aggregate]:
    """The parents that put results together, the deepest first. Not stored yet."""
    below = _children(top, [row for row in rows if row.pk])
    reducing = {row.parent_id: row.key for row in rows if not row.pk}
    return [
        Aggregate(
            key="" if parent.pk == top.pk else parent.key,
            content=parent.content,
            spec=parent.aggregate,
            parts=list(_parts(parent, below)),
            subtask=reducing.get(parent.pk, ""),
        )
        for parent in _deepest_first(top, rows, below)
        if parent.aggregate
    ]


def _parts(parent: Todo, below: Mapping[int, list[Todo]]) -> Iterator[str]:
    for child in below[parent.pk]:
        if child.pk in below and not child.aggregate:
            yield from _parts(child, below)
        else:
            yield child.key


def _children(top: Todo, rows: Sequence[Todo]) -> dict[int, list[Todo]]:
    """Of those that have any, in order."""
    below: dict[int, list[Todo]] = {}
    for row in rows:
        below.setdefault(row.parent_id or top.pk, []).append(row)
    return below


def _deepest_first(top: Todo, rows: Sequence[Todo], below: Mapping[int, list[Todo]]) -> list[Todo]:
    """The parents, each after those below it: in reading order a parent comes before them."""
    return [row for row in [*reversed(rows), top] if row.pk in below]


def keep(run: Run, aggregates: Sequence[Aggregate]) -> None:
    for position, one in enumerate(aggregates):
        one.run, one.position = run, position
    Aggregate.objects.bulk_create(aggregates, batch_size=500)


def extend(run: Run, keys: Sequence[str], above: Collection[str]) -> int | None:
    """More children of the todo of the run, which depend on those `above`. Returns the id of the subtask that reduces
    them, where it can wait for these, too: not once it can begin, nor when they depend on it."""
    top = Aggregate.objects.filter(run=run, key="").first()
    if top is None:
        return None
    reducer = None
    if top.subtask:
        waiting = Subtask.objects.filter(run=run, key=top.subtask, status=states.Status.PENDING, unmet__gt=0)
        reducer = None if top.subtask in above else waiting.first()
        if reducer is None or reducer.inputs is None:
            return None
        reducer.inputs["results"]["from"] += keys
        reducer.save(update_fields=["inputs"])
    top.parts = [*top.parts, *keys]
    top.save(update_fields=["parts"])
    return reducer.pk if reducer else None


# ---- working out ----


def work_out(run_id: int) -> bool:
    """Puts the results of a run that has ended together. Says whether its todo has one of its own that way."""
    rows = list(Aggregate.objects.filter(run=run_id).order_by("position"))
    if not rows:
        return False
    worked_out(run_id, rows)
    Aggregate.objects.bulk_update(rows, ["result", "completed", "error"], batch_size=100)
    last = rows[-1]
    if last.key:
        return False
    about = {"kind": last.spec["kind"], "of": len(last.parts), "completed": last.completed, "error": last.error or None}
    Run.objects.filter(pk=run_id).update(result=last.result, aggregate=about)
    return True


def worked_out(run_id: int, rows: Sequence[Aggregate]) -> None:
    """Fills in what the rows (all of a run, the deepest first) come to."""
    done = Subtask.objects.filter(run=run_id, status=states.Status.COMPLETED)
    size = done.aggregate(size=Sum(Length(Cast("result", TextField()))))["size"] or 0
    too_much = size > MOST_TIMES * settings.RESULT_MAX_BYTES
    values: dict[str, Any] = dict.fromkeys(done.values_list("key", flat=True)) if too_much else {}
    values |= {} if too_much else dict(done.values_list("key", "result"))
    for row in rows:
        parts = [(key, values[key]) for key in row.parts if key in values]
        row.result, row.completed, row.error = None, len(parts), ""
        try:
            if too_much:
                raise rules.Unfit(f"the results of this run have {size} characters, too many to be put together")
            row.result = _value(run_id, row, parts, values)
        except rules.Unfit as error:
            row.error = str(error)
        else:
            values[row.key] = row.result


def _value(run_id: int, row: Aggregate, parts: rules.Parts, values: Mapping[str, Any]) -> Any:
    if row.subtask:
        if row.subtask not in values:
            status = Subtask.objects.filter(run=run_id, key=row.subtask).values_list("status", flat=True).first()
            raise rules.Unfit(f"{row.subtask!r}, which puts them together, is {status or 'gone'}")
        return values[row.subtask]
    value = rules.combine(row.spec, parts)
    try:
        encode(value, settings.RESULT_MAX_BYTES)
    except Unstorable as error:
        raise rules.Unfit(f"put together it {error}") from None
    return value
