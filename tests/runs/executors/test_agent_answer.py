"""What is understood of what agents print."""

import json
from typing import Any

import pytest

from runs.executors.agent_answer import understood

RESULT = {
    "type": "result",
    "subtype": "success",
    "is_error": False,
    "result": "Done.",
    "total_cost_usd": 0.25,
    "usage": {"input_tokens": 10, "cache_creation_input_tokens": 5, "cache_read_input_tokens": 100, "output_tokens": 7},
}
EVENTS: list[dict[str, Any]] = [
    {"type": "thread.started", "thread_id": "1"},
    {"type": "item.completed", "item": {"type": "agent_message", "text": "First."}},
    {"type": "turn.completed", "usage": {"input_tokens": 30, "cached_input_tokens": 20, "output_tokens": 4}},
    {"type": "item.completed", "item": {"type": "agent_message", "text": "Last."}},
    {"type": "turn.completed", "usage": {"input_tokens": 1, "output_tokens": 1}},
]
STATS = {"response": "Paris.", "stats": {"models": {"m": {"tokens": {"prompt": 9, "candidates": 2, "thoughts": 3}}}}}


def lines(objects: list[dict[str, Any]]) -> str:
    return "\n".join(json.dumps(each) for each in objects)


@pytest.mark.parametrize(
    ("printed", "text", "usage"),
    [
        (json.dumps(RESULT), "Done.", (115, 7, 0.25)),
        ("warming up\n" + json.dumps(RESULT) + "\n", "Done.", (115, 7, 0.25)),
        ("warning: x\n" + json.dumps(RESULT, indent=2), "Done.", (115, 7, 0.25)),
        (lines([{"type": "assistant", "usage": {"input_tokens": 9}}, RESULT]), "Done.", (115, 7, 0.25)),
        (lines(EVENTS), "Last.", (31, 5, 0)),
        (json.dumps(STATS), "Paris.", (9, 5, 0)),
        ("just text\n", "just text", (0, 0, 0)),
        ("", "", (0, 0, 0)),
        ("[1, 2]", "[1, 2]", (0, 0, 0)),
        ("{" * 50_000, "{" * 50_000, (0, 0, 0)),
        ('{"a":' * 50_000 + "1" + "}" * 50_000, None, (0, 0, 0)),
    ],
)
def test_answers_of_common_command_lines_are_understood(printed: str, text: str | None, usage: tuple[Any, ...]) -> None:
    said = understood(printed)
    assert text is None or said.text == text
    assert (said.usage.input_tokens, said.usage.output_tokens, said.usage.cost) == usage
    assert (said.complete, said.error) == (True, None)


@pytest.mark.parametrize(
    "usage", [{"input_tokens": -1}, {"input_tokens": True}, {"input_tokens": 10**30}, {"input_tokens": "9"}, [], None]
)
@pytest.mark.parametrize("cost", [-1, True, "1", 1e300, None])
def test_what_cannot_be_a_number_of_tokens_or_a_cost_is_not_counted(usage: Any, cost: Any) -> None:
    assert not understood(json.dumps({"result": "x", "usage": usage, "total_cost_usd": cost})).usage
    assert not understood('{"result": "x", "total_cost_usd": NaN, "usage": {"output_tokens": 1.5}}').usage


@pytest.mark.parametrize(
    "answer", [{"complete": False, "text": "half"}, RESULT | {"subtype": "error_max_turns", "is_error": True}]
)
def test_an_agent_may_say_that_it_is_not_done(answer: dict[str, Any]) -> None:
    said = understood(json.dumps(answer))
    assert (said.complete, said.error) == (False, None)


@pytest.mark.parametrize(
    ("objects", "error"),
    [
        ([RESULT | {"is_error": True, "result": "No credit."}], "No credit."),
        ([{"type": "turn.failed", "error": {"message": "limit"}}, {"type": "error"}], "limit"),
        ([{"error": {"message": "no key"}}], "no key"),
        ([{"error": "no key"}], "no key"),
        ([{"type": "turn.failed"}], "it says that it failed"),
    ],
)
def test_what_an_agent_says_went_wrong_is_told(objects: list[dict[str, Any]], error: str) -> None:
    assert understood(lines(objects)).error == error
