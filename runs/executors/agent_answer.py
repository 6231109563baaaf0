"""What an agent's command line has answered: text, JSON, or a JSON object a line, and what it says of tokens and cost.

Understood are the objects that common command lines print: one with `result` or `response`; lines of events with
`agent_message` items and `turn.completed`; `usage` with `input_tokens` and `output_tokens`; `total_cost_usd`; `stats`
by model. Anything else is text. An agent says that it has more to do with `"complete": false`.
"""

import json
import math
from dataclasses import dataclass, field
from typing import Any

from runs.reports import Usage

_TEXTS = ("result", "response", "text", "message")
_INPUT = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
_UNFINISHED = "error_max_turns"
_MOST_TOKENS = 10**12
_MOST_COST = 10**6


@dataclass(slots=True)
class Said:
    """`text` is its last word, `data` what it gave as JSON, `error` what it says went wrong."""

    text: str
    data: Any = None
    complete: bool = True
    error: str | None = None
    usage: Usage = field(default_factory=Usage)


def understood(printed: str) -> Said:
    objects = _objects(printed)
    if not objects:
        return Said(printed.strip())
    last = next((each for each in reversed(objects) if each.get("type") == "result"), None)
    counted = [last] if last is not None else objects
    answer = last if last is not None else objects[-1]
    said = Said(_text(objects, answer) or printed.strip(), answer if len(objects) == 1 else None)
    said.complete = answer.get("complete") is not False and answer.get("subtype") != _UNFINISHED
    if said.complete:
        said.error = _error(objects, said.text)
    for each in counted:
        _count(each, said.usage)
    return said


def _objects(printed: str) -> list[dict[str, Any]]:
    """The whole as one object, or those that stand on a line each, or the one that it ends with."""
    if (whole := _object(printed)) is not None:
        return [whole]
    lines = printed.splitlines()
    if found := [each for line in lines if (each := _object(line)) is not None]:
        return found
    for at in (at for at in range(len(lines) - 1, max(-1, len(lines) - 1000), -1) if lines[at].startswith("{")):
        if (ending := _object("\n".join(lines[at:]))) is not None:
            return [ending]
    return []


def _object(text: str) -> dict[str, Any] | None:
    text = text.strip()
    if not (text.startswith("{") and text.endswith("}")):
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _text(objects: list[dict[str, Any]], answer: dict[str, Any]) -> str | None:
    for name in _TEXTS:
        if isinstance(answer.get(name), str):
            return str(answer[name])
    items = [each["item"] for each in objects if isinstance(each.get("item"), dict)]
    texts = [item.get("text") for item in items if item.get("type") == "agent_message"]
    return texts[-1] if texts and isinstance(texts[-1], str) else None


def _error(objects: list[dict[str, Any]], text: str) -> str | None:
    for each in objects:
        error = each.get("error")
        if each.get("is_error") is True:
            return text
        if each.get("type") == "turn.failed" or (len(objects) == 1 and error):
            told = error.get("message") if isinstance(error, dict) else error
            return str(told or "it says that it failed")[:1_000]
    return None


def _count(each: dict[str, Any], into: Usage) -> None:
    """Adds what one object says was used. What is no number that could be is not counted."""
    usage = each.get("usage")
    if isinstance(usage, dict):
        into.input_tokens += sum(_tokens(usage.get(name)) for name in _INPUT)
        into.output_tokens += _tokens(usage.get("output_tokens"))
    cost = each.get("total_cost_usd")
    if isinstance(cost, int | float) and not isinstance(cost, bool) and math.isfinite(cost) and 0 <= cost < _MOST_COST:
        into.cost += float(cost)
    stats = each.get("stats")
    models = stats.get("models") if isinstance(stats, dict) else None
    for model in models.values() if isinstance(models, dict) else ():
        tokens = model.get("tokens") if isinstance(model, dict) else None
        if isinstance(tokens, dict):
            into.input_tokens += _tokens(tokens.get("prompt"))
            into.output_tokens += _tokens(tokens.get("candidates")) + _tokens(tokens.get("thoughts"))


def _tokens(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _MOST_TOKENS else 0
