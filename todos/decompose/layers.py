"""`layers`: a feature through all layers of a program, layer beside layer; the tasks of a layer one after the other."""

from typing import Annotated

from pydantic import BeforeValidator, Field
from pydantic import WithJsonSchema as Documented

from todos.decompose.base import (
    OPTIONS,
    AnyPiece,
    Around,
    Made,
    Name,
    Names,
    Piece,
    Strategy,
    made,
    named,
    refuse_twice,
)
from todos.decompose.features import keys_of
from todos.decompose.making import Keys, Spec, claims, label, piece, refuse_too_many
from todos.rest.reading import Wire

USUAL: dict[str, list[str]] = {
    "api": ["models", "endpoints", "middleware"],
    "ui": ["components", "forms", "state"],
    "testing": ["unit tests", "integration tests", "end-to-end tests"],
    "documentation": ["API docs", "user guide"],
}


class Layer(Piece):
    """A layer; without `tasks` it is one subtask. `depends_on` names layers that it comes after."""

    tasks: Annotated[list[AnyPiece], Field(max_length=1_000)] = []
    depends_on: Names = []


_LAYER = {"anyOf": [{"type": "string"}, Layer.model_json_schema()]}
AnyLayer = Annotated[Layer, BeforeValidator(named), Documented(_LAYER)]


class LayersOptions(Wire):
    """`feature`: what is built; the todo itself when left out. `in_order`: the tasks of a layer one after the other."""

    feature: Name | None = None
    layers: Annotated[list[AnyLayer], Field(min_length=1, max_length=100)] = [
        Layer(name=name, tasks=[Piece(name=task) for task in tasks]) for name, tasks in USUAL.items()
    ]
    in_order: bool = True


def split(options: LayersOptions, around: Around) -> Made:
    refuse_twice([layer.name for layer in options.layers], f"{OPTIONS}/layers")
    refuse_too_many(sum(len(layer.tasks) or 1 for layer in options.layers), around.limit, option="layers")
    keys = Keys(around.taken)
    key_of = {layer.name: keys.make(layer.name) for layer in options.layers}
    feature = label(options.feature or around.content)
    subtasks = []
    for at, layer in enumerate(options.layers):
        needs = keys_of(layer.depends_on, key_of, f"{OPTIONS}/layers/{at}/depends_on")
        subtasks.append(_layer(key_of[layer.name], layer, feature, keys, options) | {"depends_on": needs})
    return made(subtasks)


def _layer(key: str, layer: Layer, feature: str, keys: Keys, options: LayersOptions) -> Spec:
    content = f"{label(layer.name)} of {feature}"
    if not layer.tasks:
        return piece(key, layer, content)
    below: list[Spec] = []
    for task in layer.tasks:
        needs = [below[-1]["key"]] if below and options.in_order else []
        subtask = piece(keys.make(f"{layer.name}-{task.name}"), task, f"{label(task.name)} of {feature}")
        below.append(_inherited(layer) | subtask | {"depends_on": needs})
    return {"key": key, "content": content, "subtasks": below}


def _inherited(layer: Layer) -> Spec:
    """What the tasks of a layer have from it, where they do not say otherwise."""
    found: Spec = {}
    if layer.files is not None:
        found["resources"] = claims(layer.files, writes=True)
    if layer.assigned_agent is not None:
        found["assigned_agent"] = layer.assigned_agent
    return found


STRATEGY = Strategy("layers", LayersOptions, split, "A feature through all layers, layer beside layer.")
