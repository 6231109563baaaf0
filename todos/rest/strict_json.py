"""JSON as this API takes it: nothing that two parsers or two databases could read differently, nothing without bound.

UTF-8 without NUL and lone surrogates, no key twice in an object, no NaN or infinity, whole numbers of 64 bits, 32
levels, 250,000 values. Shape is checked before anything is built, so that hostile nesting costs no memory.
"""

import json
import math
import re
from dataclasses import dataclass
from typing import Any

from todos.plan.outline import Problem
from todos.problems import Invalid, NotJson

MAX_DEPTH = 32
MAX_NODES = 250_000
MAX_PROBLEMS = 100
INT64 = range(-(2**63), 2**63)

# A string runs to its closing quote, or to the end when that is missing: so the scan is linear whatever comes.
_STRING = re.compile(rb'"[^"\\]*+(?:\\.?[^"\\]*+)*+(?:"|\Z)', re.DOTALL)
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_SUSPICIOUS_ESCAPE = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def loads(data: bytes) -> Any:
    """The value. Raises NotJson, with a pointer for each place that is wrong, and Invalid for too many values."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _refused(f"not UTF-8 at byte {error.start}") from None
    _check_shape(data)
    scan = _Scan()
    try:
        value = json.loads(
            text,
            object_pairs_hook=scan.object,
            parse_int=scan.integer,
            parse_float=scan.number,
            parse_constant=scan.constant,
        )
    except json.JSONDecodeError as error:
        raise _refused(f"not JSON: {error.msg} at line {error.lineno}, column {error.colno}") from None
    if scan.found_wrong or _SUSPICIOUS_ESCAPE.search(text):
        _refuse_wrong_values(value)
    return value


def _refused(detail: str) -> NotJson:
    return NotJson(detail, [Problem("", detail)])


def _check_shape(data: bytes) -> None:
    structure = _STRING.sub(b"", data)
    opening = structure.count(b"[") + structure.count(b"{")
    if opening + structure.count(b",") >= MAX_NODES:
        raise Invalid.at("", f"more than {MAX_NODES} values")
    depth = 0
    for bracket in structure.translate(None, delete=_NOT_BRACKETS):
        depth += 1 if bracket in b"[{" else -1
        if depth > MAX_DEPTH:
            raise _refused(f"nested more than {MAX_DEPTH} deep")
        if depth < 0:
            return  # not JSON, as the parser will say better


@dataclass(frozen=True, slots=True)
class _Wrong:
    """Stands in the parsed value where something must not stand, until the pointer to it is known."""

    detail: str
    below: str = ""


class _Scan:
    """The parser's hooks."""

    def __init__(self) -> None:
        self.found_wrong = False

    def _wrong(self, detail: str, below: str = "") -> _Wrong:
        self.found_wrong = True
        return _Wrong(detail, below)

    def object(self, pairs: list[tuple[str, Any]]) -> Any:
        found = dict(pairs)
        if len(found) == len(pairs):
            return found
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        return self._wrong("this key is there twice", f"/{escape(twice)}")

    def integer(self, digits: str) -> Any:
        if len(digits) <= 20 and (number := int(digits)) in INT64:
            return number
        return self._wrong("whole numbers have 64 bits at most")

    def number(self, digits: str) -> Any:
        number = float(digits)
        return number if math.isfinite(number) else self._wrong("too large for a number")

    def constant(self, word: str) -> Any:
        return self._wrong(f"{word} is not JSON")


def _refuse_wrong_values(value: Any) -> None:
    problems: list[Problem] = []
    stack = [("", value)]
    while stack and len(problems) < MAX_PROBLEMS:
        pointer, node = stack.pop()
        if isinstance(node, _Wrong):
            problems.append(Problem(pointer + node.below, node.detail))
        elif isinstance(node, str) and _UNSTORABLE.search(node):
            problems.append(Problem(pointer, "text must not hold NUL or half of a surrogate pair"))
        elif isinstance(node, dict):
            if any(_UNSTORABLE.search(key) for key in node):
                problems.append(Problem(pointer, "keys must not hold NUL or half of a surrogate pair"))
            else:
                stack.extend((f"{pointer}/{escape(key)}", below) for key, below in node.items())
        elif isinstance(node, list):
            stack.extend((f"{pointer}/{at}", below) for at, below in enumerate(node))
    if problems:
        raise NotJson(problems[0].detail, problems)


def escape(part: str) -> str:
    """A key as one part of a JSON Pointer."""
    return part.replace("~", "~0").replace("/", "~1")
