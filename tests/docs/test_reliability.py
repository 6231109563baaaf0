"""`docs/reliability.md` has the states, transitions and invariants of the code, word for word."""

from enum import StrEnum

import pytest

from runs.engine import states
from runs.executors import sandbox
from runs.verify import CHECKS
from tests.docs.reading import section, tables, words

DOCUMENT = "docs/reliability.md"
NOT_YET = {"quota"}


@pytest.mark.parametrize(
    ("title", "at", "words_of"),
    [
        ("Of a subtask", 0, states.Status),
        ("Of a subtask", 1, states.Wait),
        ("Of an attempt", 0, states.Attempt),
        ("Of a run", 0, states.Run),
        ("The sandbox", 0, sandbox.Mode),
    ],
)
def test_every_state_is_documented_and_no_other(title: str, at: int, words_of: type[StrEnum]) -> None:
    rows = tables(section(DOCUMENT, title))[at]
    assert sorted(words(row[0])[0] for row in rows) == sorted(words_of)


def test_what_does_not_occur_yet_has_no_tick() -> None:
    rows = tables(section(DOCUMENT, "Of a subtask"))[1]
    assert {words(row[0])[0] for row in rows if not row[1]} == NOT_YET


def arrow(before: str, after: str | None) -> str:
    return f"{before} → `{after}`".strip() if after else before


def ticked(source: frozenset[StrEnum], enum: type[StrEnum]) -> str:
    return ", ".join(f"`{word}`" for word in enum if word in source)


def attempt_way(verb: states.Verb) -> str:
    if verb.attempt_from is None:
        return arrow("", verb.attempt_to)
    before = "open" if verb.attempt_from == states.ATTEMPT_OPEN else ticked(verb.attempt_from, states.Attempt)
    return arrow(before, verb.attempt_to)


def test_every_transition_is_documented_and_no_other() -> None:
    of_subtasks, of_runs = tables(section(DOCUMENT, "Transitions"))
    assert of_subtasks == [
        [f"`{name}`", arrow(ticked(verb.subtask_from, states.Status), verb.subtask_to), attempt_way(verb)]
        for name, verb in states.VERBS.items()
    ]
    assert of_runs == [
        [f"`{name}`", arrow(ticked(before, states.Run), after)] for name, (before, after) in states.RUN_VERBS.items()
    ]


def test_every_invariant_is_documented_with_its_check_and_no_other() -> None:
    checked, unchecked = tables(section(DOCUMENT, "Invariants"))
    assert checked == [[check.id, check.says] for check in CHECKS]
    every = {f"I{number}" for number in range(1, 28)}
    assert {row[0] for row in unchecked} == every - {check.id for check in CHECKS}
