"""How the results of its subtasks become the result of a parent; `runs/engine/aggregate.py` does it."""

from typing import Annotated, Literal

from pydantic import Field

from todos.rest.reading import Wire
from todos.wire.executors import Verifier

Pointer = Annotated[str, Field(max_length=1_000, pattern=r"^(/.*)?$")]


class Concatenate(Wire):
    """Joins lists, or texts."""

    kind: Literal["concatenate"]
    pointer: Pointer = ""
    separator: Annotated[str, Field(max_length=1_000)] = "\n"


class Merge(Wire):
    """Merges objects; the later value of a key stands."""

    kind: Literal["merge"]
    pointer: Pointer = ""
    lists: Literal["replace", "join"] = "replace"


class RankFusion(Wire):
    """Makes one ranking of several. `key`: the field by which items are known as the same."""

    kind: Literal["rank_fusion"]
    pointer: Pointer = ""
    key: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    k: Annotated[int, Field(ge=1, le=10_000)] = 60


class Vote(Wire):
    """Takes what most say, if that is this share of them at least."""

    kind: Literal["vote"]
    pointer: Pointer = ""
    threshold: Annotated[float, Field(ge=0, le=1)] = 0.5


class Reduce(Wire):
    """Lets an executor put them together."""

    kind: Literal["reduce"]
    pointer: Pointer = ""
    executor: Verifier


Aggregate = Annotated[Concatenate | Merge | RankFusion | Vote | Reduce, Field(discriminator="kind")]
