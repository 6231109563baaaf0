"""Tools: those that make todos or agents say so, all others are what an agent is doing just now."""

from collections.abc import Mapping
from typing import Any

from runs.hooks import todos
from runs.hooks.facts import Fact, Launched, Returned, Used
from runs.hooks.values import first_line, mapping, number, text, word

AGENT = {"Agent", "Task"}
# What says most about a use of a tool.
_TELLING = (
    "description",
    "command",
    "file_path",
    "notebook_path",
    "path",
    "pattern",
    "query",
    "url",
    "skill",
    "prompt",
)
_INPUT_TOKENS = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")


def before(payload: Mapping[str, Any]) -> list[Fact]:
    """PreToolUse."""
    name, use, sent = _name(payload), word(payload, "tool_use_id"), mapping(payload.get("tool_input"))
    if name == "TodoWrite":
        return todos.written(sent, {}, use)
    if name in AGENT and use is not None:
        return [Launched(use, *_wanted(sent))]
    return [Used(_summary(name, sent))]


def after(payload: Mapping[str, Any]) -> list[Fact]:
    """PostToolUse. The answer is in `tool_response`; in `tool_result` some say."""
    name, use, sent = _name(payload), word(payload, "tool_use_id"), mapping(payload.get("tool_input"))
    answer = payload.get("tool_response", payload.get("tool_result"))
    response = mapping(answer)
    found: list[Fact] = []
    if name == "TodoWrite":
        found = todos.written(sent, response, use)
    elif name == "TaskCreate":
        found = todos.created(sent, response)
    elif name == "TaskUpdate":
        found = todos.updated(sent, response)
    elif name in {"TaskList", "TaskGet"}:
        found = todos.listed(answer)
    elif name in AGENT and use is not None:
        found = [_returned(use, sent, response)]
    return found or [Used()]


def failed(payload: Mapping[str, Any]) -> list[Fact]:
    """PostToolUseFailure."""
    name, use, sent = _name(payload), word(payload, "tool_use_id"), mapping(payload.get("tool_input"))
    error = first_line(text(payload, "error") or "it failed")
    if name in AGENT and use is not None:
        return [Returned(use, *_wanted(sent), error=error)]
    return [Used(f"{name} failed: {error}"[:200])]


def question(payload: Mapping[str, Any]) -> str:
    """What a tool wants to be allowed."""
    return f"May it use {_summary(_name(payload), mapping(payload.get('tool_input')))}?"


def _name(payload: Mapping[str, Any]) -> str:
    return (word(payload, "tool_name") or "a tool")[:64]


def _summary(name: str, sent: Mapping[str, Any]) -> str:
    said = text(sent, *_TELLING)
    return f"{name}: {first_line(said)}"[:200] if said else name


def _wanted(sent: Mapping[str, Any]) -> tuple[str, str]:
    """What a subagent is to do, and of what type it is."""
    kind = (word(sent, "subagent_type", "name") or "agent")[:64]
    return first_line(text(sent, "description", "prompt") or kind), kind


def _returned(use: str, sent: Mapping[str, Any], response: Mapping[str, Any]) -> Returned:
    used = mapping(response.get("usage"))
    return Returned(
        use,
        *_wanted(sent),
        agent=word(response, "agentId", "agent_id"),
        running=text(response, "status") == "async_launched",
        error="it was interrupted" if text(response, "status") in {"killed", "stopped"} else None,
        input_tokens=number(used, *_INPUT_TOKENS),
        output_tokens=number(used, "output_tokens"),
    )
