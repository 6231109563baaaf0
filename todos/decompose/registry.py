"""All ways to split a todo, by name."""

from typing import Annotated, Any

from pydantic import Field

from todos.decompose import checklist, codebase, command, features, files, layers, modules, phases
from todos.decompose.base import OPTIONS, Around, Made, Strategy
from todos.problems import Invalid
from todos.rest.reading import Wire, read


class ChecklistOptions(Wire):
    """`text`: a checklist as people paste it."""

    text: Annotated[str, Field(min_length=1, max_length=1_000_000)]


def _checklist(options: ChecklistOptions, around: Around) -> Made:
    return Made(checklist.parse(options.text, limit=around.limit, pointer=f"{OPTIONS}/text"))


STRATEGIES: dict[str, Strategy] = {
    strategy.name: strategy
    for strategy in (
        files.STRATEGY,
        features.STRATEGY,
        layers.STRATEGY,
        phases.STRATEGY,
        modules.STRATEGY,
        codebase.STRATEGY,
        Strategy("checklist", ChecklistOptions, _checklist, "A checklist as people paste it."),
        command.STRATEGY,
    )
}


def split(name: str, options: dict[str, Any], around: Around) -> Made:
    """The outline that a strategy makes of its options. Raises Invalid, and Forbidden."""
    if name not in STRATEGIES:
        raise Invalid.at("/strategy", f"there is no such strategy; there is: {', '.join(STRATEGIES)}")
    strategy = STRATEGIES[name]
    return strategy.split(read(strategy.options, options, OPTIONS), around)
