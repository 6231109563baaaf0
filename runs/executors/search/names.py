"""The names that a source file defines and imports: Python by parsing it, other languages by ctags or by their lines.

Nothing is executed or imported. What is no Python defines and imports nothing. A dotted query is held against the whole
name, another one against what is after its last dot: `Loader.load` is found as `load`, and not as `Loader`.
"""

import ast
import warnings
from collections.abc import Callable, Iterator

from runs.executors import explore
from runs.executors.search import languages
from runs.executors.search.languages import Named
from runs.executors.search.matching import Needle, shown
from runs.executors.search.tags import Tags
from todos.decompose.imports import parsed_to_last_import

MAX_BYTES = 1024 * 1024  # what is larger was not written by people
MAX_NAMES = 20_000  # of a file

Parse = Callable[[bytes, str], ast.Module]


def definitions(path: str, data: bytes, tags: Tags | None = None) -> list[Named]:
    """Classes, functions and the like. `tags`: who is asked before the lines are looked at."""
    if len(data) > MAX_BYTES:
        return []
    if not _is_python(path):
        found = tags.definitions(path, data) if tags else []
        return (found or list(languages.definitions(path, data)))[:MAX_NAMES]
    lines = data.splitlines()
    parsed = explore.definitions(_parsed(path, data, ast.parse))
    return [_named(one["name"], one["line"], lines) for one in parsed][:MAX_NAMES]


def imports(path: str, data: bytes) -> list[Named]:
    """What is imported anywhere in the file; relative names are spelled out from the top of the workspace."""
    if len(data) > MAX_BYTES:
        return []
    if not _is_python(path):
        return list(languages.imports(path, data))[:MAX_NAMES]
    lines = data.splitlines()
    found = _imported(path, _parsed(path, data, parsed_to_last_import))
    return [_named(name, line, lines) for name, line in found][:MAX_NAMES]


def both(path: str, data: bytes, tags: Tags | None = None) -> tuple[list[Named], list[Named]]:
    """Definitions and imports, of Python that is parsed once."""
    if not _is_python(path) or len(data) > MAX_BYTES:
        return definitions(path, data, tags), imports(path, data)
    tree, lines = _parsed(path, data, ast.parse), data.splitlines()
    if not tree.body:  # no Python, but what comes before its last import may be
        return [], imports(path, data)
    defined = [_named(one["name"], one["line"], lines) for one in explore.definitions(tree)]
    return defined[:MAX_NAMES], [_named(name, line, lines) for name, line in _imported(path, tree)][:MAX_NAMES]


def tail(query: str) -> str:
    """What a file must have in its text to define what a query names; to import it, in its text or its path."""
    return query.strip(".").rpartition(".")[2] or query


def is_named(needle: Needle, name: str) -> bool:
    """Whether a definition of that name is meant."""
    return needle.within(name if "." in needle.query else name.rpartition(".")[2])


def is_exactly(needle: Needle, name: str) -> bool:
    """Whether it is called just that."""
    return f".{needle.fold(name)}".endswith(f".{needle.query}")


def _is_python(path: str) -> bool:
    return path.endswith((".py", ".pyi"))


def _parsed(path: str, data: bytes, parse: Parse) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about the style of what is looked at
        try:
            return parse(data, path)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return ast.Module([], [])


def _imported(path: str, tree: ast.Module) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = explore.absolute(path, node.level, node.module or "")
            yield from ((f"{module}.{alias.name}".strip("."), node.lineno) for alias in node.names)


def _named(name: str, line: int, lines: list[bytes]) -> Named:
    return Named(name, line, shown(lines[line - 1]) if 0 < line <= len(lines) else "")
