"""`command`: any program that reads the task on its standard input as JSON and prints a plan as JSON: the door for a
language model.

It reads `{"content", "options", "taken_keys", "max_subtasks"}` and prints `{"subtasks": [...]}`, or that list alone, in
the form in which subtasks are sent to the REST API. What it prints is checked like what anybody else sends.
"""

from typing import Annotated, Any

from pydantic import Field

from todos.decompose.base import OPTIONS, Around, Made, Strategy
from todos.plan.outline import Problem
from todos.problems import Invalid, Refused
from todos.rest import strict_json
from todos.rest.reading import Wire, read
from todos.wire.executors import Line, Text
from todos.wire.inputs import SubtaskIn

POINTER = f"{OPTIONS}/command"
MAX_SECONDS = 600


class CommandOptions(Wire):
    """`command`: a line for the shell, or a program and its arguments. `options`: handed on to it."""

    command: Text | Annotated[list[Line], Field(min_length=1, max_length=200)]
    options: Annotated[dict[str, Any], Field(max_length=1_000)] = {}
    timeout_seconds: Annotated[float, Field(gt=0, le=MAX_SECONDS)] = 60


class Answer(Wire):
    """What the program prints."""

    subtasks: Annotated[list[SubtaskIn], Field(min_length=1)]


def split(options: CommandOptions, around: Around) -> Made:
    task = {
        "content": around.content,
        "options": options.options,
        "taken_keys": sorted(around.taken),
        "max_subtasks": around.limit,
    }
    printed = around.ask(options.command, task, timeout_seconds=options.timeout_seconds)
    try:
        value = strict_json.loads(printed)
        answer: Answer = read(Answer, {"subtasks": value} if isinstance(value, list) else value)
    except Refused as refused:
        raise blamed(refused) from None
    return Made(answer.subtasks, pointer=POINTER)


def blamed(refused: Refused, below: str = "") -> Invalid:
    """What is wrong with an answer, as a problem of the option that named the program. `below`: what stands for the
    answer in the pointers.
    """
    problems = [
        Problem(POINTER, f"what the program printed, at {one.pointer.removeprefix(below) or 'its top'}: {one.detail}")
        for one in refused.problems
    ]
    return Invalid(problems[0].detail if problems else refused.detail, problems[:1])


STRATEGY = Strategy("command", CommandOptions, split, "A program of yours splits it: it gets the task, prints a plan.")
