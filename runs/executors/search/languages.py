"""Definitions and imports in languages other than Python, by how their lines begin.

Patterns look at one line, cut short, and none of them can be made to take long. They find what is written as most
people write it; a parser would find more.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from re import Pattern

from runs.executors.search.matching import shown

LINE_BYTES = 400  # no definition begins later than that


@dataclass(frozen=True, slots=True)
class Named:
    """A definition or an import: what it is called, in dotted names, its line from 1, and the text of that line."""

    name: str
    line: int
    text: str


_JS = (
    (
        r"^\s*(?:export\s+)?(?:default\s+)?(?:declare\s+)?(?:abstract\s+)?(?:async\s+)?"
        r"(?:class|function\*?|interface|type|enum|namespace)\s+([A-Za-z_$][\w$]*)"
    ),
    r"^(?:export\s+)?(?:const|let|var)\s+([A-Za-z_$][\w$]*)",
)
_C = (
    r"^\s*(?:typedef\s+)?(?:struct|class|enum|union|namespace)\s+(\w+)",
    r"^\s*#\s*define\s+(\w+)",
    r"^[A-Za-z_][\w *&:<>,]*[ *&](\w+)\s*\([^;]*$",
)
_JAVA = (r"^\s*(?:[\w@]+\s+)*(?:class|interface|enum|record|struct|trait|object|fun|func|function|def)\s+(\w+)",)
_RUST = (
    (
        r"^\s*(?:pub(?:\([^)]*\))?\s+)?(?:(?:async|unsafe|const|extern)\s+)*"
        r"(?:fn|struct|enum|trait|mod|type|union|macro_rules!)\s+(\w+)"
    ),
)
_SQL = (
    (
        r"(?i)^\s*create\s+(?:or\s+replace\s+)?(?:(?:temp|temporary|unique|materialized)\s+)*"
        r"(?:table|view|index|function|procedure|trigger|type)\s+(?:if\s+not\s+exists\s+)?[\"`]?([\w.]+)"
    ),
)

_DEFINES: dict[str, tuple[str, ...]] = {
    "js jsx mjs cjs ts tsx mts vue svelte": _JS,
    "c h cc cpp cxx hh hpp hxx m": _C,
    "java kt kts scala cs swift php dart groovy": _JAVA,
    "go": (r"^func\s+(?:\([^)]*\)\s*)?(\w+)", r"^type\s+(\w+)"),
    "rs": _RUST,
    "rb": (r"^\s*(?:class|module|def)\s+(?:self\.)?(\w+[?!]?)",),
    "sh bash zsh": (r"^\s*(?:function\s+)?([\w-]+)\s*\(\)",),
    "lua": (r"^\s*(?:local\s+)?function\s+([\w.:]+)",),
    "sql": _SQL,
}
_IMPORTS: dict[str, tuple[str, ...]] = {
    "js jsx mjs cjs ts tsx mts vue svelte": (r"(?:\bfrom|\bimport|\brequire)\s*\(?\s*[\"']([^\"']+)[\"']",),
    "c h cc cpp cxx hh hpp hxx m": (r"^\s*#\s*(?:include|import)\s*[<\"]([^>\"]+)",),
    "java kt kts scala cs swift dart groovy": (r"^\s*(?:import|using)\s+(?:static\s+)?[\"']?([\w.:/*]+)",),
    "php": (r"^\s*use\s+([\w\\]+)", r"\b(?:require|include)(?:_once)?\s*\(?\s*[\"']([^\"']+)"),
    "go": (r"^import\s+(?:[\w.]+\s+)?\"([^\"]+)\"", r"^\t(?:[\w.]+\s+)?\"([^\"]+)\"\s*$"),
    "rs": (r"^\s*(?:pub\s+)?(?:use|extern\s+crate)\s+([\w:{}, *]+)",),
    "rb": (r"^\s*require(?:_relative)?\s+[\"']([^\"']+)",),
    "sh bash zsh": (r"^\s*(?:source|\.)\s+(\S+)",),
    "lua": (r"\brequire\s*\(?\s*[\"']([^\"']+)",),
    "css scss less": (r"@(?:import|use)\s+(?:url\()?[\"']([^\"']+)",),
    "html jinja j2": (r"\{%-?\s*(?:extends|include|import|from)\s+[\"']([^\"']+)",),
}


def _by_suffix(table: dict[str, tuple[str, ...]]) -> dict[str, list[Pattern[bytes]]]:
    compiled = {words: [re.compile(text.encode()) for text in texts] for words, texts in table.items()}
    return {suffix: patterns for words, patterns in compiled.items() for suffix in words.split()}


_DEFINING, _IMPORTING = _by_suffix(_DEFINES), _by_suffix(_IMPORTS)


def definitions(path: str, data: bytes) -> Iterator[Named]:
    return _named(_DEFINING.get(_suffix(path), []), data)


def imports(path: str, data: bytes) -> Iterator[Named]:
    return _named(_IMPORTING.get(_suffix(path), []), data)


def has_definitions(path: str) -> bool:
    return path.endswith((".py", ".pyi")) or _suffix(path) in _DEFINING


def has_imports(path: str) -> bool:
    return path.endswith((".py", ".pyi")) or _suffix(path) in _IMPORTING


def _suffix(path: str) -> str:
    return path.rpartition("/")[2].rpartition(".")[2].lower()


def _named(patterns: list[Pattern[bytes]], data: bytes) -> Iterator[Named]:
    if not patterns or b"\0" in data:
        return
    for number, line in enumerate(data.split(b"\n"), start=1):
        for pattern in patterns:
            if found := pattern.search(line[:LINE_BYTES]):
                yield Named(found[1].decode("utf-8", "replace"), number, shown(line, found.start(1)))
                break
