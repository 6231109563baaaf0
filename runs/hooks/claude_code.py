"""Claude Code's hook payloads. What is not understood says nothing; nothing here raises."""

from collections.abc import Callable, Mapping
from typing import Any

from runs.hooks import todos, tools
from runs.hooks.facts import Asks, Began, Fact, Heard, Prompted, SessionBegan, SessionEnded, Stopped, TurnEnded
from runs.hooks.values import first_line, text, word

LIVELY = {"SessionStart", "UserPromptSubmit", "PreToolUse", "SubagentStart", "PermissionRequest"}

_Read = Callable[[Mapping[str, Any]], list[Fact]]


def _notified(payload: Mapping[str, Any]) -> list[Fact]:
    """A permission prompt is a real block; that it is idle is none."""
    if payload.get("notification_type") != "permission_prompt":
        return []
    return [Asks(first_line(text(payload, "message", "title") or "It needs a permission"))]


_READERS: dict[str, _Read] = {
    "SessionStart": lambda payload: [SessionBegan()],
    "SessionEnd": lambda payload: [SessionEnded()],
    "UserPromptSubmit": lambda payload: [Prompted(first_line(text(payload, "prompt") or ""))],
    "PreToolUse": tools.before,
    "PostToolUse": tools.after,
    "PostToolUseFailure": tools.failed,
    "SubagentStart": lambda payload: [Began()],
    "SubagentStop": lambda payload: [Stopped()],
    "Stop": lambda payload: [TurnEnded()],
    "StopFailure": lambda payload: [TurnEnded(first_line(text(payload, "error", "message") or "the turn broke off"))],
    "Notification": _notified,
    "PermissionRequest": lambda payload: [Asks(tools.question(payload))],
    "TaskCreated": lambda payload: todos.announced(payload, None),
    "TaskCompleted": lambda payload: todos.announced(payload, "completed"),
}


def read(payload: Any) -> tuple[Heard, list[Fact]] | None:
    """Who sent it, and what it says; None when it names no session."""
    if not isinstance(payload, Mapping):
        return None
    session, event = word(payload, "session_id"), word(payload, "hook_event_name")
    if session is None or event is None:
        return None
    folder = (text(payload, "cwd", most=4_000) or "").rstrip("/\\").replace("\\", "/").rpartition("/")[2][:100]
    heard = Heard(
        session,
        event,
        agent=word(payload, "agent_id"),
        agent_type=(word(payload, "agent_type") or "agent")[:64],
        folder=folder,
        lively=event in LIVELY,
    )
    reader = _READERS.get(event)
    return heard, reader(payload) if reader else []
