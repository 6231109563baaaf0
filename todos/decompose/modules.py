"""`modules`: a subtask for each module, in the order of their imports, or for each of so many groups.

Modules that import each other in a circle are one subtask: none of them comes first.
"""

from collections.abc import Sequence
from typing import Literal

from todos.decompose.base import OPTIONS, Around, Found, Made, Strategy, TreeOptions, WorkOptions, made
from todos.decompose.files import weights
from todos.decompose.groups import balanced, knots
from todos.decompose.making import Keys, Spec, label, on_files, refuse_too_many
from todos.decompose.tree import Tree
from todos.paths import File
from todos.problems import Invalid

SOURCES = "*.py"
TOP = 10  # of the most imported

Graph = dict[str, list[str]]


class ModulesOptions(TreeOptions, WorkOptions):
    """`by`: a module is a file, or all files of one folder. Without `include` they are Python files.

    `order`: "imported_first" (a module waits for those that it imports), "importers_first", or "none". The last is the
    only one for batches, and the usual one with them; else it is the first.
    """

    by: Literal["file", "folder"] = "file"
    order: Literal["imported_first", "importers_first", "none"] | None = None


def split(options: ModulesOptions, around: Around) -> Made:
    if options.batches is not None and options.order not in (None, "none"):
        raise Invalid.at(f"{OPTIONS}/order", "batches have no order: a group may import another that imports it")
    tree = around.scan(options.wanted(SOURCES), imports=True)
    if not tree.files:
        raise Invalid.at(f"{OPTIONS}/include", f"there is no module below the folder ({SOURCES} when left out)")
    modules = _modules(options, tree)
    found = seen(tree)
    if options.batches is not None:
        refuse_too_many(min(options.batches, len(modules)), around.limit)
        return made(_batches(options, list(modules.values()), Keys(around.taken)), found)
    return made(_ordered(options, modules, tree, around), found)


def seen(tree: Tree) -> Found:
    """What is told of a tree whose imports were looked at."""
    number = importers(tree.imports)
    most = sorted((path for path in number if number[path]), key=lambda path: (-number[path], path))[:TOP]
    imports = sum(len(imported) for imported in tree.imports.values())
    return Found(len(tree.files), tree.left_out, imports, tuple((path, number[path]) for path in most))


def importers(imports: Graph) -> dict[str, int]:
    """How many files import each."""
    found = dict.fromkeys(imports, 0)
    for imported in imports.values():
        for path in imported:
            found[path] += 1
    return found


def _modules(options: ModulesOptions, tree: Tree) -> dict[str, list[File]]:
    """The files of each module, by its path."""
    modules: dict[str, list[File]] = {}
    for file in tree.files:
        name = file.path if options.by == "file" else file.path.rpartition("/")[0] or "."
        modules.setdefault(name, []).append(file)
    return modules


def _batches(options: ModulesOptions, modules: Sequence[list[File]], keys: Keys) -> list[Spec]:
    assert options.batches is not None
    groups = balanced(modules, [sum(weights(files)) for files in modules], options.batches)
    flat = [[file for files in group for file in files] for group in groups]
    names = [f"{len(group)} modules" if len(group) > 1 else "" for group in groups]
    return [
        on_files(keys.make(f"batch-{at}"), options, files, name)
        for at, (files, name) in enumerate(zip(flat, names, strict=True), start=1)
    ]


def _ordered(options: ModulesOptions, modules: dict[str, list[File]], tree: Tree, around: Around) -> list[Spec]:
    """A subtask a knot of modules, in reading order of what each waits for."""
    graph = _between(modules, tree.imports)
    if options.order == "none":
        graph = {name: [] for name in graph}
    parts = knots(graph)
    refuse_too_many(len(parts), around.limit)
    keys = Keys(around.taken)
    key_of = {part[0]: keys.make(part[0] if part[0] != "." else "top") for part in parts}
    part_of = {name: part[0] for part in parts for name in part}
    needs = {part[0]: _needs(part, graph, part_of) for part in parts}
    if options.order == "importers_first":
        needs = _turned(needs)
        parts.reverse()
    return [
        _knot(key_of[part[0]], options, part, modules) | {"depends_on": [key_of[need] for need in needs[part[0]]]}
        for part in parts
    ]


def _between(modules: dict[str, list[File]], imports: Graph) -> Graph:
    """Which modules import which others."""
    module_of = {file.path: name for name, files in modules.items() for file in files}
    graph: Graph = {name: [] for name in modules}
    for path, imported in imports.items():
        name = module_of[path]
        graph[name] += [module_of[other] for other in imported if module_of[other] != name]
    return {name: list(dict.fromkeys(others)) for name, others in graph.items()}


def _needs(part: list[str], graph: Graph, part_of: dict[str, str]) -> list[str]:
    others = dict.fromkeys(part_of[other] for name in part for other in graph[name])
    return [other for other in others if other != part[0]]


def _turned(needs: Graph) -> Graph:
    found: Graph = {name: [] for name in needs}
    for name, others in needs.items():
        for other in others:
            found[other].append(name)
    return found


def _knot(key: str, options: ModulesOptions, part: list[str], modules: dict[str, list[File]]) -> Spec:
    files = [file for name in part for file in modules[name]]
    if len(part) > 1:
        return on_files(key, options, files, f"{len(part)} modules that import each other")
    return on_files(key, options, files, label(part[0]) if options.by == "folder" else "")


STRATEGY = Strategy("modules", ModulesOptions, split, "A subtask for each module, in the order of their imports.")
