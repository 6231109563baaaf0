"""Exploring a source tree: the callables for it, and the outline of a todo that calls them module by module.

`make run` starts with such a todo, so that a new installation has a real run to look at. Nothing is executed or
imported of what is explored: modules are read, tokenised and parsed. With the argument `own` it is the source tree of
this program that is explored, wherever the workspace is.
"""

import ast
import hashlib
import io
import itertools
import re
import tokenize
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from runs.executors.calls import Task, Unfit, registered
from runs.executors.child import ROOT
from todos import paths

MAX_MODULE_BYTES = 1024 * 1024
MAX_LISTED = 5_000
TOP = 10  # entries of each ranking in the summary

# Lines that are neither code nor comment consist of these alone.
_NO_CODE = {tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER, tokenize.COMMENT}
_DEFINITIONS = {ast.ClassDef: "class", ast.FunctionDef: "function", ast.AsyncFunctionDef: "function"}


@registered("explore.list")
def list_modules(task: Task, folder: str = ".", own: bool = False) -> dict[str, Any]:
    """The Python modules below a folder, with their sizes in bytes."""
    try:
        found = paths.list_below(ROOT if own else task.workspace, folder, suffixes=[".py"], limit=MAX_LISTED)
    except paths.PathError as error:
        raise Unfit(str(error)) from error
    return {
        "folder": folder,
        "modules": [{"path": file.path, "bytes": file.size} for file in found.files],
        "truncated": found.truncated,
    }


@registered("explore.count")
def count_lines(task: Task, path: str, own: bool = False) -> dict[str, Any]:
    """How many lines of a module are code, comments and blank. A docstring is code: it is there when the code runs."""
    source = _source(task, path, own)
    code: set[int] = set()
    comments: set[int] = set()
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type == tokenize.COMMENT:
                comments.add(token.start[0])
            elif token.type not in _NO_CODE:
                code.update(range(token.start[0], token.end[0] + 1))
    except (tokenize.TokenError, SyntaxError) as error:
        raise Unfit(f"{path} is not Python: {error}") from error
    lines = source.count("\n") + (source[-1:] not in ("", "\n"))
    only_comments = len(comments - code)
    return {
        "path": path,
        "lines": lines,
        "code": len(code),
        "comments": only_comments,
        "blank": lines - len(code) - only_comments,
    }


@registered("explore.symbols")
def list_symbols(task: Task, path: str, own: bool = False) -> dict[str, Any]:
    """The classes and functions of a module, in order, each with its dotted name and first line."""
    symbols = sorted(definitions(_parsed(task, path, own)), key=lambda symbol: symbol["line"])
    kinds = Counter(symbol["kind"] for symbol in symbols)
    return {"path": path, "classes": kinds["class"], "functions": kinds["function"], "symbols": symbols}


@registered("explore.imports")
def list_imports(task: Task, path: str, own: bool = False) -> dict[str, Any]:
    """What a module imports: `module`, the `names` taken from it, and the line. Relative ones are spelled out."""
    imports: list[dict[str, Any]] = []
    for node in ast.walk(_parsed(task, path, own)):
        if isinstance(node, ast.Import):
            imports += [{"module": alias.name, "names": [], "line": node.lineno} for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            module = absolute(path, node.level, node.module or "")
            imports.append({"module": module, "names": [alias.name for alias in node.names], "line": node.lineno})
    return {"path": path, "imports": sorted(imports, key=lambda found: found["line"])}


@registered("explore.merge")
def merge(task: Task) -> dict[str, Any]:
    """One summary of what the others found: `counts`, `symbols` and `imports` among the inputs, by their keys."""
    counts, symbols, imports = (list(task.inputs.get(name, {}).values()) for name in ("counts", "symbols", "imports"))
    names = {_dotted(found["path"]) for found in counts}
    importers: Counter[str] = Counter()
    for found in imports:
        importers.update(_inside(found["imports"], names) - {_dotted(found["path"])})
    return {
        "modules": len(counts),
        **{part: sum(found[part] for found in counts) for part in ("lines", "code", "comments", "blank")},
        **{part: sum(found[part] for found in symbols) for part in ("classes", "functions")},
        "imports_between_modules": importers.total(),
        "most_imported": [{"module": name, "importers": number} for name, number in importers.most_common(TOP)],
        "longest": [
            {"path": found["path"], "lines": found["lines"]}
            for found in sorted(counts, key=lambda found: (-found["lines"], found["path"]))[:TOP]
        ],
    }


def _source(task: Task, path: str, own: bool) -> str:
    """The text of a module: as `module` among the inputs has it (the result of `read`), else from the file."""
    module = task.inputs.get("module")
    if module and module.get("path") == path and module.get("text") is not None and not module.get("truncated"):
        return str(module["text"])
    if own and not path.endswith(".py"):
        raise Unfit(f"{path} is not Python")  # where the source is there may be the database and its key
    try:
        data = paths.read_below(ROOT if own else task.workspace, path, max_bytes=MAX_MODULE_BYTES)
        return io.TextIOWrapper(io.BytesIO(data), tokenize.detect_encoding(io.BytesIO(data).readline)[0]).read()
    except paths.PathError as error:
        raise Unfit(str(error)) from error
    except (SyntaxError, UnicodeDecodeError) as error:
        raise Unfit(f"{path} is not Python: {error}") from error


def _parsed(task: Task, path: str, own: bool) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about the style of what is explored
        try:
            return ast.parse(_source(task, path, own), path)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise Unfit(f"{path} is not Python: {type(error).__name__}: {str(error)[:200]}") from error


def definitions(tree: ast.Module) -> Iterator[dict[str, Any]]:
    """Definitions at any depth, with a list for a stack: what nests deep must not end the process."""
    stack: list[tuple[ast.AST, str]] = [(tree, "")]
    while stack:
        node, prefix = stack.pop()
        if kind := _DEFINITIONS.get(type(node)):
            assert isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
            yield {"kind": kind, "name": prefix + node.name, "line": node.lineno}
            prefix += f"{node.name}."
        stack += [(child, prefix) for child in ast.iter_child_nodes(node)]


def _dotted(path: str) -> str:
    """`runs/loop.py` is `runs.loop`, `runs/__init__.py` is `runs`."""
    return path.removesuffix(".py").removesuffix("__init__").strip("/").replace("/", ".")


def absolute(path: str, level: int, module: str) -> str:
    """What `from ..x import y` means in this module; `module` alone when it goes up further than there is."""
    if level == 0:
        return module
    package = PurePosixPath(path).parts[:-1]
    above = package[: max(0, len(package) - level + 1)]
    return ".".join([*above, module]).strip(".")


def _inside(imports: Iterable[dict[str, Any]], names: set[str]) -> set[str]:
    """Those of the explored modules that are imported, by their own name or as a name of their package."""
    found: set[str] = set()
    for entry in imports:
        below = {f"{entry['module']}.{name}" for name in entry["names"]} & names
        found |= below or {entry["module"]} & names
    return found


# ---- the outline ----


def outline(
    workspace: Path, folder: str = ".", *, name: str | None = None, own: bool = False, limit: int = 150
) -> dict[str, Any]:
    """A todo that explores the Python modules below a folder of the workspace, for `POST /api/v1/todos/`.

    At most `limit` modules, tests and migrations left out; a parent for each folder that has some. `name`: what the
    titles call it. `own`: the workspace is the source tree of this program, not the one of the run. Raises PathError.
    """
    files = [file for file in paths.list_below(workspace, folder, suffixes=[".py"]).files if _is_source(file.path)]
    files = files[:limit]
    where = name or (workspace.name if folder == "." else folder)
    modules = _Modules(own)
    listing = modules.call("list", f"List the modules of {where}", "explore.list", 0.1, folder=folder)
    by_folder = itertools.groupby(files, key=lambda file: str(PurePosixPath(file.path).parent))
    folders = [modules.folder(name, list(inside)) for name, inside in by_folder]
    merging = _call("merge", "Merge what was found", "explore.merge", 0.02) | {
        "depends_on": ["list", *(parent["key"] for parent in folders)],
        "inputs": {name: {"from": keys} for name, keys in modules.found.items()},
    }
    return {
        "content": f"Exploration of {where}: {_explored(len(files))}",
        "subtasks": [listing, *folders, merging] if files else [listing],
    }


def _explored(modules: int) -> str:
    if not modules:
        return "which Python modules it has"
    return f"the lines, symbols and imports of {modules} module{'s' * (modules > 1)}"


class _Modules:
    """Builds the subtasks of modules, and keeps the keys whose results are merged."""

    def __init__(self, own: bool) -> None:
        self.found: dict[str, list[str]] = {"counts": [], "symbols": [], "imports": []}
        self._own = own
        self._slugs: set[str] = set()

    def call(self, key: str, content: str, name: str, seconds: float, **arguments: Any) -> dict[str, Any]:
        return _call(key, content, name, seconds, **arguments, **({"own": True} if self._own else {}))

    def folder(self, name: str, files: list[paths.File]) -> dict[str, Any]:
        subtasks = [subtask for file in files for subtask in self._module(file)]
        return {
            "key": f"folder-{self._slug(name)}",
            "content": f"{name}/" if name != "." else "./",
            "subtasks": subtasks,
        }

    def _module(self, file: paths.File) -> list[dict[str, Any]]:
        """Reading and counting can begin at once; symbols and imports are found in what was read, or else the file."""
        path, slug = file.path, self._slug(file.path.removesuffix(".py"))
        counting, needs = f"count-{slug}", dict[str, Any](depends_on=["list"])
        count = self.call(counting, f"Count the lines of {path}", "explore.count", _seconds(file, 1.2), path=path)
        steps = [count | needs]
        if not self._own:  # the executor `read` reads the workspace
            steps.insert(0, self._reading(f"read-{slug}", path))
            needs = {"depends_on": [f"read-{slug}"], "inputs": {"module": {"from": f"read-{slug}"}}}
        for kind in ("symbols", "imports"):
            key = f"{kind}-{slug}"
            content = f"Find the {kind} of {path}"
            steps.append(self.call(key, content, f"explore.{kind}", _seconds(file, 0.8), path=path) | needs)
            self.found[kind].append(key)
        self.found["counts"].append(counting)
        return steps

    def _reading(self, key: str, path: str) -> dict[str, Any]:
        spec = {"key": key, "content": f"Read {path}", "executor": {"name": "read", "path": path}}
        return spec | {"estimated_seconds": 0.001, "depends_on": ["list"]}

    def _slug(self, path: str) -> str:
        """A path as a part of keys, with something of its own where the plain spelling is too long or taken."""
        slug = re.sub(r"[^A-Za-z0-9._-]", "_", path.replace("/", "."))
        if len(slug) > 40 or slug in self._slugs:
            slug = f"{slug[:40]}-{hashlib.sha256(path.encode()).hexdigest()[:12]}"
        self._slugs.add(slug)
        return slug


def _call(key: str, content: str, name: str, seconds: float, **arguments: Any) -> dict[str, Any]:
    executor = {"name": "python", "call": name, "arguments": arguments}
    # These calls only read, which a server cannot know of callables in general.
    return {"key": key, "content": content, "executor": executor, "lane": "query", "estimated_seconds": seconds}


def _seconds(file: paths.File, microseconds_per_byte: float) -> float:
    return round(0.001 + file.size * microseconds_per_byte / 1_000_000, 4)


def _is_source(path: str) -> bool:
    return not {"tests", "test", "migrations"} & set(PurePosixPath(path).parts)
