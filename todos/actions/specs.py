"""From a spec as it was sent to columns, and what must not stand in one."""

from collections.abc import Collection, Iterable
from typing import Any

from todos.plan.outline import Problem
from todos.principal import Principal
from todos.problems import Forbidden, Invalid
from todos.wire.aggregates import Aggregate, Reduce
from todos.wire.executors import Executor, Verifier
from todos.wire.inputs import Resource, Spec

EXECUTED = ("executor", "rollback", "verify")


def columns(spec: Spec, names: Iterable[str]) -> dict[str, Any]:
    """The columns of a todo for these fields of its spec."""
    return {name: _column(name, getattr(spec, name)) for name in names}


def _column(name: str, value: Any) -> Any:
    if name in EXECUTED or name == "aggregate":
        return _plain(value)
    if name == "inputs" and value is not None:
        return {key: one.model_dump(by_alias=True) for key, one in value.items()}
    if name in {"lane", "assigned_agent"}:
        return value or ""
    return value


def _plain(executor: Executor | Verifier | Aggregate | None) -> dict[str, Any] | None:
    """As it was sent: what was left out is for the executor to say."""
    return None if executor is None else executor.model_dump(exclude_unset=True)


def claims(todo_id: int, resources: Iterable[Resource] | None) -> list[dict[str, Any]]:
    """The columns of claims."""
    return [{"todo_id": todo_id, **one.model_dump()} for one in resources or ()]


def refuse_wrong(by: Principal, specs: Iterable[tuple[str, Spec]], keys: Collection[str]) -> None:
    """Looks at what a model cannot see. `specs` come with their pointers, `keys` are those of the tree.

    Raises Invalid, and Forbidden for executors that this principal may not make.
    """
    specs = list(specs)
    problems = [problem for pointer, spec in specs for problem in _wrong(pointer, spec, keys)]
    if problems:
        raise Invalid(problems[0].detail, problems)
    forbidden = [problem for pointer, spec in specs for problem in _forbidden(by, pointer, spec)]
    if forbidden:
        raise Forbidden(forbidden[0].detail, forbidden)


def _wrong(pointer: str, spec: Spec, keys: Collection[str]) -> Iterable[Problem]:
    seen = set()
    for at, one in enumerate(spec.resources or ()):
        if (one.kind, one.name) in seen:
            yield Problem(f"{pointer}/resources/{at}", f"the {one.kind} {one.name!r} is claimed twice")
        seen.add((one.kind, one.name))
    for name, source in (spec.inputs or {}).items():
        for unknown in (key for key in source.sources if key not in keys):
            yield Problem(f"{pointer}/inputs/{name}/from", f"there is no subtask with the key {unknown!r}")


def _forbidden(by: Principal, pointer: str, spec: Spec) -> Iterable[Problem]:
    for field in EXECUTED:
        executor: Executor | Verifier | None = getattr(spec, field)
        if executor is not None and executor.name not in by.executors:
            yield Problem(f"{pointer}/{field}", f"this token may not make subtasks with {executor.name!r}")
    reducer = spec.aggregate.executor if isinstance(spec.aggregate, Reduce) else None
    if reducer is not None and reducer.name not in by.executors:
        yield Problem(f"{pointer}/aggregate/executor", f"this token may not make subtasks with {reducer.name!r}")
