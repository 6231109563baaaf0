"""`phases`: one after the other, and within each all tasks side by side: analysis, implementation, validation."""

from typing import Annotated

from pydantic import Field

from todos.decompose.base import OPTIONS, AnyPiece, Around, Made, Name, Piece, Strategy, made, refuse_twice
from todos.decompose.making import Keys, Spec, label, piece, refuse_too_many
from todos.rest.reading import Wire

USUAL: dict[str, list[str]] = {
    "analysis": ["Measure how it is today", "Find out how others do it", "Check what there is"],
    "implementation": ["Change the design", "Change the code", "Change the tests"],
    "validation": ["Verify what has become better", "Document what has changed"],
}


class Phase(Wire):
    """Tasks that can be done side by side once the phase before is over."""

    name: Name
    tasks: Annotated[list[AnyPiece], Field(min_length=1, max_length=10_000)]


class PhasesOptions(Wire):
    """`subject`: what it is about; the todo itself when left out."""

    subject: Name | None = None
    phases: Annotated[list[Phase], Field(min_length=1, max_length=100)] = [
        Phase(name=name, tasks=[Piece(name=task) for task in tasks]) for name, tasks in USUAL.items()
    ]


def split(options: PhasesOptions, around: Around) -> Made:
    refuse_twice([phase.name for phase in options.phases], f"{OPTIONS}/phases")
    refuse_too_many(sum(len(phase.tasks) for phase in options.phases), around.limit, option="phases")
    keys = Keys(around.taken)
    subject = label(options.subject or around.content)
    subtasks: list[Spec] = []
    for number, phase in enumerate(options.phases, start=1):
        below = [
            piece(keys.make(f"{phase.name}-{task.name}"), task, f"{label(task.name)}: {subject}", phase=number)
            for task in phase.tasks
        ]
        # To depend on a parent is to depend on all below it.
        after = [subtasks[-1]["key"]] if subtasks else []
        content = f"{label(phase.name)}: {subject}"
        spec = {"key": keys.make(phase.name), "content": content, "phase": number, "depends_on": after}
        subtasks.append(spec | {"subtasks": below})
    return made(subtasks)


STRATEGY = Strategy("phases", PhasesOptions, split, "One phase after the other, the tasks of each side by side.")
