"""The documentation as tests read it: headings, tables, fenced blocks and links of the Markdown files."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^(#{1,6}) (.+)$", re.MULTILINE)
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_CODE = re.compile(r"`([^`\n]+)`")


@dataclass(frozen=True, slots=True)
class Fence:
    """A fenced block: what it says it is, its text, and where it stands ("docs/api.md:12")."""

    kind: str
    text: str
    where: str


@cache
def text_of(name: str) -> str:
    """A document by its path in the project."""
    return (ROOT / name).read_text(encoding="utf-8")


def name_of(document: Path) -> str:
    return document.relative_to(ROOT).as_posix()


def fences(name: str, *kinds: str) -> list[Fence]:
    text = text_of(name)
    found = []
    for match in _FENCE.finditer(text):
        if match[1] in kinds or not kinds:
            found.append(Fence(match[1], match[2], f"{name}:{text.count(chr(10), 0, match.start()) + 1}"))
    return found


def prose(name: str) -> str:
    """Without its fenced blocks."""
    return _FENCE.sub("", text_of(name))


def section(name: str, title: str) -> str:
    """What stands below a heading, up to the next of its level or above. Raises KeyError."""
    text = prose(name)
    for match in _HEADING.finditer(text):
        if match[2] == title:
            after = text[match.end() :]
            end = re.search(rf"^#{{1,{len(match[1])}}} ", after, re.MULTILINE)
            return after[: end.start()] if end else after
    raise KeyError(f"{name} has no section {title!r}")


def tables(text: str) -> list[list[list[str]]]:
    """The rows of each table, cells as they are written, heads left out."""
    found: list[list[list[str]]] = []
    rows: list[list[str]] = []
    for line in [*text.splitlines(), ""]:
        if line.startswith("|"):
            rows.append([cell.strip() for cell in line.strip("|").split("|")])
        elif rows:
            found.append(rows[2:])
            rows = []
    return found


def words(text: str) -> list[str]:
    """What stands in backticks."""
    return _CODE.findall(text)


def links(name: str) -> Iterator[str]:
    for match in _LINK.finditer(prose(name)):
        yield match[1]


def anchors(name: str) -> set[str]:
    """Names of the headings, as they are linked to."""
    found: set[str] = set()
    for match in _HEADING.finditer(prose(name)):
        title = re.sub(r"[^\w\- ]", "", match[2].lower()).replace(" ", "-")
        number = 0
        while (anchor := f"{title}-{number}" if number else title) in found:
            number += 1
        found.add(anchor)
    return found
