"""The options of a strategy as a form. Which there are, and what each takes, its options model says."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from dashboard.forms.todo_form import Field, problem_fields
from todos.decompose.base import OPTIONS
from todos.decompose.registry import STRATEGIES
from todos.plan.outline import Problem
from todos.problems import Invalid, NotJson, Refused
from todos.rest import strict_json

LONG = 4_000  # characters of a text that one line is enough for
OUTLINE = "One a line; JSON for more than names."
NESTED = "A name a line, its tasks indented below it; JSON for more than names."
# What an option is called here, and what helps to fill it in.
WORDS = {
    "batches": ("Groups", "So many, of equal weight. Empty: one for each."),
    "by": ("A module is", ""),
    "changes": ("It writes to the files", ""),
    "command": ("Command", "A line for the shell. It needs the right to run commands."),
    "depth": ("Phases", "1 to 4: find, grep, read, cross-refer. Empty: as many as make sense."),
    "exclude": ("Not these", "Patterns as in .gitignore, one a line."),
    "feature": ("What is built", "Empty: what the todo says."),
    "features": ("Features", OUTLINE),
    "files": ("These files instead", "Paths, one a line."),
    "folder": ("Folder", "Relative to the workspace."),
    "gitignore": (".gitignore files count", ""),
    "in_order": ("The tasks of a layer one after the other", ""),
    "include": ("Only these", "Patterns as in .gitignore, one a line: *.py"),
    "layers": ("Layers", NESTED),
    "options": ("Options for the program", '{"parts": ["Draft", "Review"]}'),
    "order": ("Who waits", "Empty: a module waits for those it imports. Groups have no order."),
    "patterns": ("Grep for", "Regular expressions, one a line. Empty: the usual ones."),
    "phases": ("Phases", NESTED),
    "qa": ("Checked at the end by", "Empty: a usual check. false: nothing."),
    "seconds_per_file": ("Estimate for a file", "Empty: from its size, where it is read."),
    "subject": ("What it is about", "Empty: what the todo says."),
    "task": ("What is to be done", "The beginning of what each subtask says."),
    "text": ("Checklist", "What is indented is below what stands above it; [x] is completed; (5 min) is an estimate."),
    "timeout_seconds": ("Time-out", "At most 600."),
    "top": ("Files to read", "Those that most depends on first."),
    "work": ("Who does it", "Empty: files are read, or the command runs."),
}
SAID = {
    "file": "a file",
    "folder": "all files of a folder",
    "read": "the server reads them",
    "none": "nobody yet: an agent or a person",
    "imported_first": "a module, for those it imports",
    "importers_first": "a module, for those that import it",
}
ORDERS = {"none": "nobody"}
# What few change, where there is a tree to look at.
SELDOM = frozenset(["work", "command", "changes", "seconds_per_file", "gitignore", "files", "patterns", "top"])
YES_OR_NO = (("", "as usual"), ("true", "yes"), ("false", "no"))


@dataclass(frozen=True, slots=True)
class Option:
    """One option. `reads`: line, text, lines, outline, words, piece, whole, number, json, choice, maybe or flag."""

    name: str
    reads: str
    field: Field


@dataclass(frozen=True, slots=True)
class Form:
    """The fields as they stand, and what is wrong with the whole."""

    strategy: str
    fields: Mapping[str, Field]
    error: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def says(self) -> str:
        return STRATEGIES[self.strategy].says

    @property
    def first(self) -> list[Field]:
        return [one for one in self.fields.values() if one not in self.more]

    @property
    def more(self) -> list[Field]:
        return [one for name, one in self.fields.items() if name in SELDOM and "folder" in self.fields]

    @property
    def more_is_set(self) -> bool:
        """Whether any of these differs from what it is at first, or is wrong."""
        usual = empty(self.strategy).fields
        return any(one.error or one.text != usual[one.name].text for one in self.more)


@cache
def options(strategy: str) -> tuple[Option, ...]:
    """In the order of the document: what a tree is looked at by first."""
    schema = STRATEGIES[strategy].options.model_json_schema()
    names = sorted(schema["properties"], key=lambda name: name not in ("folder", "include", "exclude"))
    return tuple(_option(name, schema["properties"][name]) for name in names)


def _option(name: str, schema: dict[str, Any]) -> Option:
    label, hint = WORDS[name]
    reads = _reads(schema)
    shown = {"lines": "json", "outline": "json", "maybe": "choice", "words": "line", "piece": "line"}.get(reads, reads)
    default = schema.get("default")
    found = Field(name, label, shown, hint, text=_write(reads, default), unit="seconds" if "seconds" in name else "")
    if reads == "maybe":
        found = replace(found, choices=YES_OR_NO)
    if reads == "choice":
        words = next(one["enum"] for one in _kinds(schema) if "enum" in one)
        said = SAID | (ORDERS if name == "order" else {})
        empty = [("", "as usual")] if default is None else []
        found = replace(found, choices=(*empty, *((word, said.get(word, word)) for word in words)))
    return Option(name, reads, found)


def _kinds(schema: dict[str, Any]) -> list[dict[str, Any]]:
    """What it may be, beside null."""
    return [one for one in schema.get("anyOf", [schema]) if one.get("type") != "null"]


def _reads(schema: dict[str, Any]) -> str:
    first, *more = _kinds(schema)
    kind = first.get("type")
    if more:
        return "piece" if kind == "boolean" else "words"
    if "enum" in first:
        return "choice"
    if kind == "boolean":
        return "flag" if schema.get("default") is not None else "maybe"
    if kind == "array":
        return "lines" if first["items"].get("type") == "string" else "outline"
    if kind == "string":
        return "text" if first.get("maxLength", 0) > LONG else "line"
    return {"integer": "whole", "number": "number"}.get(str(kind), "json")


def _write(reads: str, value: Any) -> str:
    if reads == "outline":
        return "\n".join(line for one in value or () for line in _lines(one))
    if reads == "flag":
        return "on" if value else ""
    if reads in ("lines", "json", "piece") or value is None:
        return ""
    return str(value)


def _lines(one: dict[str, Any]) -> list[str]:
    return [one["name"], *(f"  {task['name']}" for task in one.get("tasks", ()))]


# ---- from what was entered to options ----


def empty(strategy: str) -> Form:
    return Form(strategy, {one.name: one.field for one in options(strategy)})


def entered(strategy: str, sent: Mapping[str, str]) -> Form:
    """What was typed, and the options it stands for. Raises Invalid at the option that cannot be read."""
    texts, values = _texts(strategy, sent), {}
    for one in options(strategy):
        try:
            value = _read(one.reads, texts[one.name])
        except NotJson as refused:
            raise Invalid.at(f"{OPTIONS}/{one.name}", refused.detail) from None
        if value is not None:
            values[one.name] = value
    return Form(strategy, _fields(strategy, texts), values=values)


def refused(strategy: str, sent: Mapping[str, str], problem: Refused) -> Form:
    """The form as it was entered, each problem at its field."""
    inside = [Problem(one.pointer.removeprefix(OPTIONS), one.detail) for one in problem.problems]
    errors, rest = problem_fields(Refused(problem.detail, inside))
    shown = _fields(strategy, _texts(strategy, sent))
    rest += [detail for name, detail in errors.items() if name not in shown]
    fields = {name: replace(one, error=errors.get(name, "")) for name, one in shown.items()}
    return Form(strategy, fields, "; ".join(rest))


def _texts(strategy: str, sent: Mapping[str, str]) -> dict[str, str]:
    return {one.name: sent.get(one.name, "").replace("\r\n", "\n") for one in options(strategy)}


def _fields(strategy: str, texts: Mapping[str, str]) -> dict[str, Field]:
    return {one.name: replace(one.field, text=texts[one.name]) for one in options(strategy)}


def _read(reads: str, text: str) -> Any:
    """The value as JSON would have it; None when it is left out. What is no number stays text, and is refused so."""
    if "\0" in text:
        raise NotJson("text must not hold NUL")
    if reads == "flag":
        return bool(text)
    if reads == "text":
        return text or None
    if reads == "outline" and not text.lstrip().startswith("["):
        return _outline(text)
    text = text.strip()
    if not text:
        return None
    if reads == "lines":
        return [line.strip() for line in text.split("\n") if line.strip()]
    if reads in ("json", "outline") or (reads in ("words", "piece") and text[0] in "[{") or reads == "maybe":
        return strict_json.loads(text.encode("utf-8", "surrogatepass"))
    if reads == "piece":
        return {"false": False, "true": True}.get(text, text)
    return _number(reads, text)


def _number(reads: str, text: str) -> Any:
    if reads == "whole":
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else text
    if reads == "number":
        try:
            return float(text)
        except ValueError:
            return text
    return text


def _outline(text: str) -> list[Any] | None:
    """Names, a line each; of one with indented lines below it those are the tasks."""
    found: list[Any] = []
    for line in text.split("\n"):
        name = line.strip()
        if name and line[0] in " \t" and found:
            if not isinstance(found[-1], dict):
                found[-1] = {"name": found[-1], "tasks": []}
            found[-1]["tasks"].append(name)
        elif name:
            found.append(name)
    return found or None
