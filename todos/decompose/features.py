"""`features`: a subtask for each feature, side by side, and one that checks the whole when all are done."""

from collections.abc import Collection
from typing import Annotated

from pydantic import BeforeValidator, Field
from pydantic import WithJsonSchema as Documented

from todos.decompose.base import OPTIONS, Around, Made, Name, Names, Piece, Strategy, made, named, refuse_twice
from todos.decompose.making import Keys, Spec, label, piece, refuse_too_many
from todos.problems import Invalid
from todos.rest.reading import Wire

CHECK = "Check that all features work, alone and together"


class Feature(Piece):
    """A feature. `depends_on` names features that it builds on."""

    depends_on: Names = []


_FEATURE = {"anyOf": [{"type": "string"}, Feature.model_json_schema()]}
AnyFeature = Annotated[Feature, BeforeValidator(named), Documented(_FEATURE)]
_CHECK = {"anyOf": [{"type": "boolean"}, {"type": "string"}, Piece.model_json_schema()]}


def _check(value: object) -> object:
    """True stands for the usual check, false for none."""
    return {True: {"name": CHECK}, False: None}[value] if isinstance(value, bool) else named(value)


class FeaturesOptions(Wire):
    """`qa`: what checks the whole; false for nothing."""

    features: Annotated[list[AnyFeature], Field(min_length=1, max_length=10_000)]
    task: Name = "Implement"
    qa: Annotated[Piece | None, BeforeValidator(_check), Documented(_CHECK)] = Piece(name=CHECK)


def split(options: FeaturesOptions, around: Around) -> Made:
    names = [feature.name for feature in options.features]
    refuse_twice(names, f"{OPTIONS}/features")
    refuse_too_many(len(names) + 1, around.limit, option="features")
    keys = Keys(around.taken)
    key_of = {name: keys.make(name) for name in names}
    subtasks = [
        piece(key_of[feature.name], feature, f"{options.task} {label(feature.name)}") | _needs(at, feature, key_of)
        for at, feature in enumerate(options.features)
    ]
    if options.qa is not None:
        subtasks.append(piece(keys.make("qa"), options.qa, options.qa.name, depends_on=list(key_of.values())))
    return made(subtasks)


def _needs(at: int, feature: Feature, key_of: dict[str, str]) -> Spec:
    return {"depends_on": keys_of(feature.depends_on, key_of, f"{OPTIONS}/features/{at}/depends_on")}


def keys_of(names: Collection[str], key_of: dict[str, str], pointer: str) -> list[str]:
    """The keys that go with names. Raises Invalid for a name that nothing has."""
    for at, name in enumerate(names):
        if name not in key_of:
            raise Invalid.at(f"{pointer}/{at}", f"there is nothing called {name[:100]!r}")
    return [key_of[name] for name in names]


STRATEGY = Strategy("features", FeaturesOptions, split, "A subtask for each feature, and one that checks the whole.")
