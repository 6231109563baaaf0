"""A todo as a form: from what is stored to text, and from text to what the actions take."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from todos import queries
from todos.models import Todo
from todos.plan.words import Lane, Status, When
from todos.problems import NotJson, Refused
from todos.rest import strict_json

PRIORITIES = (("1", "1, highest"), ("2", "2, high"), ("3", "3, medium"), ("4", "4, low"), ("5", "5, lowest"))
EXECUTORS = (
    '{"name": "shell", "command": "make test"}',
    '{"name": "read", "path": "README.md"}',
    '{"name": "simulate", "seconds": 2}',
)
WHENS = (
    (When.SUCCESS, "all it needs are completed"),
    (When.ALWAYS, "all it needs have ended, however"),
    (When.FAILED, "all have ended and one failed"),
)
AGGREGATES = ('{"kind": "concatenate"}', '{"kind": "merge"}', '{"kind": "vote"}')
CHECKS = ('{"name": "shell", "command": "make check"}',)


@dataclass(frozen=True, slots=True)
class Field:
    """One field. `kind`: line, text, whole, number, json, choice or flag; `text`: what stands in it.

    `now`: what is stored meanwhile, when that is something else than it was.
    """

    name: str
    label: str
    kind: str = "line"
    help: str = ""
    choices: Iterable[tuple[str, str]] = ()
    unit: str = ""
    text: str = ""
    error: str = ""
    now: str | None = None
    examples: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        return f"field-{self.name}"


FIELDS = (
    Field("content", "What is to be done", "text"),
    Field("priority", "Priority", "choice", choices=PRIORITIES),
    Field("status", "Status", "choice", choices=[(word, word.replace("_", " ")) for word in Status]),
    Field("estimated_seconds", "Estimate", "number", unit="seconds"),
    Field("executor", "Executor", "json", "What does it. Empty: an outside agent.", examples=EXECUTORS),
    Field("verify", "Check", "json", "What checks that it is done: an executor, too.", examples=CHECKS),
)
MORE = (
    Field("lane", "Lane", "choice", choices=[("", "as its executor says"), *((word, word) for word in Lane)]),
    Field("when", "Starts once", "choice", choices=[(str(word), said) for word, said in WHENS]),
    Field("parallelizable", "Others may run beside it", "flag"),
    Field("timeout_seconds", "Time-out", "number", unit="seconds"),
    Field("max_retries", "Retries", "whole"),
    Field("max_iterations", "Iterations", "whole"),
    Field("complexity", "Complexity", "number", unit="0 to 1"),
    Field("phase", "Phase", "whole"),
    Field("assigned_agent", "Agent it is for"),
    Field("resources", "Claims", "json", '[{"kind": "file", "name": "src/app.py", "mode": "write"}]'),
    Field("inputs", "Inputs", "json", '{"files": {"from": "scan", "pointer": "/files"}}'),
    Field(
        "aggregate",
        "Put together",
        "json",
        "How the results of its subtasks become its own. A todo without any does nothing with it.",
        examples=AGGREGATES,
    ),
    Field("rollback", "Rollback", "json", "What undoes it: an executor."),
)
ALL = {one.name: one for one in (*FIELDS, *MORE)}


@dataclass(frozen=True, slots=True)
class Form:
    """The fields as they stand, what is wrong with the whole, and the version of the todo they were read from."""

    fields: Mapping[str, Field]
    version: str = ""
    error: str = ""
    stale: bool = False

    @property
    def first(self) -> list[Field]:
        return [self.fields[one.name] for one in FIELDS if one.name in self.fields]

    @property
    def more(self) -> list[Field]:
        return [self.fields[one.name] for one in MORE if one.name in self.fields]

    @property
    def more_is_wrong(self) -> bool:
        return any(one.error or one.now is not None for one in self.more)


def of(todo: Todo) -> Form:
    """As it is stored. The status of a parent follows from its subtasks: it has no field."""
    stored = written(todo)
    names = [name for name in ALL if name != "status" or not todo.counts]
    return Form({name: replace(ALL[name], text=stored[name]) for name in names}, str(todo.version))


def written(todo: Todo) -> dict[str, str]:
    """The text of every field."""
    resources = queries.answers([todo])[0]["resources"]
    values = {**todo.spec(), "status": todo.status, "aggregate": todo.aggregate, "resources": resources}
    return {name: _write(values[name]) for name in ALL}


def _write(value: Any) -> str:
    if value is None or value is False:
        return ""
    if isinstance(value, dict | list):
        return json.dumps(value, indent=2, ensure_ascii=False)
    return f"{value:.15g}" if isinstance(value, float) else "on" if value is True else str(value)


@dataclass(slots=True)
class Entered:
    """What was entered: texts as they were typed, values that differ from what is stored, and what cannot be read."""

    texts: dict[str, str]
    values: dict[str, Any] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)


def entered(sent: Mapping[str, str], todo: Todo) -> Entered:
    """Line breaks come as the browser sends them, CR LF; they are stored as LF."""
    stored = written(todo)
    form = of(todo)
    found = Entered({name: sent.get(name, "").replace("\r\n", "\n") for name in form.fields})
    for name, text in found.texts.items():
        if text == stored[name]:
            continue
        try:
            found.values[name] = _read(ALL[name].kind, text)
        except Refused as refused:
            found.errors[name] = refused.detail
    return found


def _read(kind: str, text: str) -> Any:
    """The value as JSON would have it. What is no number stays text, and is refused as such."""
    if "\0" in text:
        raise NotJson("text must not hold NUL")
    if kind == "flag":
        return bool(text)
    if kind == "text":
        return text
    text = text.strip()
    if not text:
        return None
    if kind == "json":
        return strict_json.loads(text.encode())
    if kind == "whole" or (kind == "choice" and text.isdigit()):
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else text
    return _float(text) if kind == "number" else text


def _float(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def refused(todo: Todo, what: Entered, version: str, problem: Refused | None = None) -> Form:
    """The form as it was entered, each problem at its field. A version that is old shows what is stored now."""
    errors, rest = problem_fields(problem)
    errors = what.errors | errors
    fields = of(todo).fields
    shown = {name: replace(one, text=what.texts[name], error=errors.get(name, "")) for name, one in fields.items()}
    lost = [detail for name, detail in errors.items() if name not in shown]
    return Form(shown, version, "; ".join([*rest, *lost]))


def changed_meanwhile(todo: Todo, what: Entered) -> Form:
    """What was entered, beside what somebody else has stored since. Sent again, it counts."""
    stored = written(todo)
    fields = of(todo).fields
    shown = {
        name: replace(one, text=what.texts[name], now=stored[name] if stored[name] != what.texts[name] else None)
        for name, one in fields.items()
    }
    return Form(shown, str(todo.version), stale=True)


def problem_fields(problem: Refused | None) -> tuple[dict[str, str], list[str]]:
    """What is wrong by field, and what is wrong with none of them."""
    errors: dict[str, str] = {}
    rest: list[str] = []
    if problem is None:
        return errors, rest
    for one in problem.problems:
        name, _, inside = one.pointer.removeprefix("/").partition("/")
        detail = f"{inside}: {one.detail}" if inside else one.detail
        if not name:
            rest.append(one.detail)
        else:
            errors[name] = f"{errors[name]}; {detail}" if name in errors else detail
    return errors, rest if problem.problems else [problem.detail]
