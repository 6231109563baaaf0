"""A checklist as people paste it: Markdown task lists, bullets, numbers, headings, or plain lines.

- What is indented deeper, or stands below a heading, is below what stands above it.
- `[x]` is completed, `[ ]` pending, `[-]` cancelled; without a box it is as what it stands below.
- `(5 min)`, `(1.5 h)` or `~30s` at the end of a line is the estimate.
- Text that goes on below a bullet, indented, belongs to it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from todos.plan.outline import MAX_DEPTH
from todos.problems import Invalid
from todos.wire.inputs import MAX_SECONDS, StatusWord, SubtaskIn

MAX_CONTENT = 10_000
TAB = 4

_ITEM = re.compile(r"(?:[-*+•]|\d{1,9}[.)])(?:[ \t]+(?P<box>\[[ xX-]\])(?=[ \t]|$))?(?:[ \t]+(?P<text>.*)|$)")
_HEADING = re.compile(r"(#{1,6})(?:[ \t]+(.*)|$)")
_ESTIMATE = re.compile(
    r"(?:~|\(~?)[ ]?(?P<number>\d{1,7}(?:\.\d{1,3})?)[ ]?"
    r"(?P<unit>s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?)(?P<close>\)?)\Z"
)
_BOXES: dict[str, StatusWord] = {"[ ]": "pending", "[x]": "completed", "[X]": "completed", "[-]": "cancelled"}
_UNITS = {"s": 1, "m": 60, "h": 3600}


@dataclass(slots=True)
class _Entry:
    """One line and what stands below it. `rank`: headings below 0 by level, else the columns it is indented."""

    line: int
    rank: int
    text: str
    box: str | None = None
    bulleted: bool = False
    below: list["_Entry"] = field(default_factory=list)


def parse(text: str, *, limit: int, pointer: str = "/options/text") -> list[SubtaskIn]:
    """The subtasks. Raises Invalid, with the line, for too many, too deep or too long ones, and when there are none."""
    top: list[_Entry] = []
    above: list[_Entry] = []
    count = 0
    for entry in _entries(text):
        if _goes_on(entry, above):
            above[-1].text += f" {entry.text}"
            _refuse_too_long(above[-1], pointer)
            continue
        _refuse_too_long(entry, pointer)
        while above and above[-1].rank >= entry.rank:
            above.pop()
        (above[-1].below if above else top).append(entry)
        above.append(entry)
        count += 1
        if count > limit:
            raise Invalid.at(pointer, f"line {entry.line}: more than {limit} subtasks")
        if len(above) > MAX_DEPTH:
            raise Invalid.at(pointer, f"line {entry.line}: nested more than {MAX_DEPTH} deep")
    if not top:
        raise Invalid.at(pointer, "there is nothing to do in this text")
    return [_subtask(entry, "pending") for entry in top]


def _entries(text: str) -> Iterator[_Entry]:
    """Every line that says something."""
    for number, line in enumerate(text.splitlines(), start=1):
        said = line.strip()
        if not said:
            continue
        if heading := _HEADING.match(said):
            title = (heading[2] or "").rstrip("#").rstrip()
            found = _Entry(number, len(heading[1]) - 10, title)
        elif item := _ITEM.match(said):
            found = _Entry(number, _columns(line), (item["text"] or "").strip(), item["box"], bulleted=True)
        else:
            found = _Entry(number, _columns(line), said)
        if found.text:
            yield found


def _columns(line: str) -> int:
    """How far a line is indented; a tab leads to the next multiple of four."""
    columns = 0
    for character in line:
        if character == "\t":
            columns += TAB - columns % TAB
        elif character.isspace():
            columns += 1
        else:
            break
    return columns


def _goes_on(entry: _Entry, above: list[_Entry]) -> bool:
    """Whether a line is the rest of the bullet right before it."""
    return not entry.bulleted and bool(above) and above[-1].bulleted and entry.rank > above[-1].rank


def _refuse_too_long(entry: _Entry, pointer: str) -> None:
    if len(entry.text) > MAX_CONTENT:
        raise Invalid.at(pointer, f"line {entry.line}: longer than {MAX_CONTENT} characters")


def _subtask(entry: _Entry, status: StatusWord) -> SubtaskIn:
    status = _BOXES[entry.box] if entry.box else status
    content, seconds = _estimate(entry.text)
    if entry.below:
        children = [_subtask(below, status) for below in entry.below]
        return SubtaskIn(content=content, estimated_seconds=seconds, subtasks=children)
    return SubtaskIn(content=content, estimated_seconds=seconds, status=status)


def _estimate(text: str) -> tuple[str, float | None]:
    """The text without the estimate at its end, and the estimate in seconds."""
    start = max(text.rfind("("), text.rfind("~"))
    found = _ESTIMATE.match(text, text.rfind("(") if text.endswith(")") else start) if start > 0 else None
    if found is None or (found[0][0] == "(") != bool(found["close"]):
        return text, None
    seconds = float(found["number"]) * _UNITS[found["unit"][0]]
    rest = text[: found.start()].rstrip()
    return (rest, seconds) if rest and seconds <= MAX_SECONDS else (text, None)
