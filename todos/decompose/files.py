"""`files`: a subtask for each file, or for each of so many groups of equal weight. They are independent."""

from typing import Annotated

from pydantic import AfterValidator, Field

from todos.decompose.base import OPTIONS, Around, Found, Made, Strategy, TreeOptions, WorkOptions, made, once
from todos.decompose.groups import balanced
from todos.decompose.making import Keys, on_files, refuse_too_many
from todos.decompose.tree import MISSING, Wanted
from todos.paths import File
from todos.problems import Invalid
from todos.wire.executors import Line

OPENING = 2_000  # bytes that could be read while a file is opened: many small files weigh more than their bytes


class FilesOptions(TreeOptions, WorkOptions):
    """`files`: these instead of those that are found. One that does not exist is left to an agent."""

    files: Annotated[list[Line], Field(max_length=100_000), AfterValidator(once)] = []


def split(options: FilesOptions, around: Around) -> Made:
    tree = around.scan(Wanted(files=tuple(options.files)) if options.files else options.wanted())
    if not tree.files:
        raise Invalid.at(f"{OPTIONS}/folder", "there is no such file below it")
    refuse_too_many(options.batches or len(tree.files), around.limit)
    keys, found = Keys(around.taken), Found(len(tree.files), tree.left_out)
    if options.batches is None:
        return made([on_files(keys.make(file.path), options, [file]) for file in tree.files], found)
    groups = balanced(tree.files, weights(tree.files), options.batches)
    return made([on_files(keys.make(f"batch-{at}"), options, group) for at, group in enumerate(groups, 1)], found)


def weights(files: list[File]) -> list[float]:
    """What files weigh against each other; all the same when one of them is not there to be weighed."""
    if any(file.size == MISSING for file in files):
        return [1.0] * len(files)
    return [float(file.size + OPENING) for file in files]


STRATEGY = Strategy("files", FilesOptions, split, "A subtask for each file, or for each of so many groups.")
