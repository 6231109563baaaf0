"""Which Python files of a tree import which others, found by parsing them; nothing is imported or executed.

What counts is what is imported when the file itself is: imports inside functions and for type checkers do not. A file
that is too large, or is no Python as far as it imports anything, imports nothing.
"""

import ast
import re
import warnings
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path

from todos import paths

MAX_BYTES = 1024 * 1024

_OUTERMOST = re.compile(rb"^[^\s#]", re.MULTILINE)

Read = Callable[[str], bytes]


def graph(root: Path, files: Iterable[str]) -> dict[str, list[str]]:
    """For each Python file among the files those among them that it imports, in the order of the files."""
    return graph_of(files, lambda path: paths.read_below(root, path, max_bytes=MAX_BYTES))


def graph_of(files: Iterable[str], read: Read, only: Collection[str] | None = None) -> dict[str, list[str]]:
    """The same with the contents from `read`, which may raise PathError; `only`: those whose imports are wanted."""
    known = [path for path in files if path.endswith(".py")]
    places = {path: at for at, path in enumerate(known)}
    names = _Names(known)
    found: dict[str, list[str]] = {}
    for path in known if only is None else [path for path in known if path in only]:
        imported = {below for name, parts in _imports(path, read, names) for below in names.resolve(name, parts)}
        found[path] = sorted(imported - {path}, key=places.__getitem__)
    return found


class _Names:
    """The dotted names that files go by: from the top of their package, and from the top of the tree."""

    def __init__(self, known: list[str]) -> None:
        self._packages = {path.rpartition("/")[0] for path in known if path.rpartition("/")[2] == "__init__.py"}
        self._tops: dict[str, str] = {}
        self.dotted = {path: self._below(path, self._top(path.rpartition("/")[0])) for path in known}
        self._files: dict[str, str] = {}
        for path, name in self.dotted.items():
            self._files.setdefault(name, path)
        for path in known:
            self._files.setdefault(self._below(path, ""), path)

    def resolve(self, name: str, parts: Collection[str]) -> set[str]:
        """The files that `from name import parts`, or `import name`, leads to."""
        below = {self._files[full] for part in parts if (full := f"{name}.{part}" if name else part) in self._files}
        if below and len(below) == len(parts):
            return below
        while name and name not in self._files:
            name = name.rpartition(".")[0]
        return below | {self._files[name]} if name else below

    def _top(self, folder: str) -> str:
        """The folder that the topmost package around a folder lies in."""
        if folder not in self._packages or not folder:
            return folder
        if folder not in self._tops:
            above = folder.rpartition("/")[0]
            self._tops[folder] = self._top(above) if above in self._packages else above
        return self._tops[folder]

    @staticmethod
    def _below(path: str, top: str) -> str:
        """`src/app/x.py` below `src` is `app.x`, `src/app/__init__.py` is `app`."""
        name = path.removeprefix(f"{top}/" if top else "").removesuffix(".py")
        return ("" if name == "__init__" else name.removesuffix("/__init__")).replace("/", ".")


def _imports(path: str, read: Read, names: _Names) -> Iterator[tuple[str, list[str]]]:
    """What a file imports: dotted names, each with what is taken from it."""
    for node in _statements(path, read):
        if isinstance(node, ast.Import):
            yield from ((alias.name, []) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            name = node.module or ""
            if node.level:
                name = _absolute(names.dotted[path], path, node.level, name)
            yield name, [alias.name for alias in node.names]


def _absolute(dotted: str, path: str, level: int, name: str) -> str:
    """What `from ..name import x` means in a file."""
    package = dotted.split(".") if path.endswith("/__init__.py") else dotted.split(".")[:-1]
    above = package[: max(0, len(package) - level + 1)]
    return ".".join(part for part in [*above, name] if part)


def _statements(path: str, read: Read) -> Iterator[ast.stmt]:
    """The statements that are carried out when the file is imported. A list for a stack: nesting costs nothing."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about the style of what is looked at
        try:
            stack: list[ast.AST] = list(parsed_to_last_import(read(path), path).body)
        except (paths.PathError, SyntaxError, ValueError, RecursionError, MemoryError):
            return
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not _for_type_checkers(node):
            for part in ("body", "orelse", "finalbody", "handlers", "cases"):
                below = getattr(node, part, ())
                stack += below if isinstance(below, list) else ()
        elif isinstance(node, ast.If):
            stack += node.orelse


def parsed_to_last_import(source: bytes, path: str) -> ast.Module:
    """The module up to its last import: parsing is most of the work, and the rest imports nothing.

    Where the cut falls into something that goes on, a string say, what is left is no Python: then all of it is parsed.
    """
    last = source.rfind(b"import")
    if last < 0:
        return ast.Module([], [])
    end = source.find(b"\n", last)
    line = _OUTERMOST.search(source, end) if end >= 0 else None
    try:
        return ast.parse(source[: line.start()] if line else source, path)
    except SyntaxError:
        if line is None:
            raise
        return ast.parse(source, path)


def _for_type_checkers(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
