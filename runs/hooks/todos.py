"""TodoWrite, and the Task tools that newer versions have instead."""

from collections.abc import Mapping
from typing import Any

from runs.engine.lists import Item
from runs.hooks.facts import Fact, Listed, Task
from runs.hooks.values import mapping, text, word

STATUSES = {"pending", "in_progress", "completed", "failed", "cancelled"}
_OTHER_WORDS = {"deleted": "cancelled", "canceled": "cancelled", "running": "in_progress", "killed": "cancelled"}
_PRIORITIES = {"high": 1, "medium": 3, "low": 5}
MOST_ITEMS = 1_000


def status_of(source: Mapping[str, Any]) -> str | None:
    said = text(source, "status")
    found = _OTHER_WORDS.get(said or "", said)
    return found if found in STATUSES else None


def written(tool_input: Mapping[str, Any], response: Mapping[str, Any], use: str | None) -> list[Fact]:
    """TodoWrite. Entries that cannot be read are left out; a list that is none changes nothing."""
    sent = tool_input.get("todos", response.get("newTodos"))
    if not isinstance(sent, list) or len(sent) > MOST_ITEMS:
        return []
    items = [item for item in map(_item, map(mapping, sent)) if item is not None]
    if sent and not items:
        return []
    return [Listed(tuple(_ids_once(items)), use)]


def _item(entry: Mapping[str, Any]) -> Item | None:
    content, status = text(entry, "content", "subject"), status_of(entry)
    if content is None or status is None:
        return None
    priority = _PRIORITIES.get(str(entry.get("priority")))
    return Item(content, status, word(entry, "id"), text(entry, "activeForm"), priority)


def _ids_once(items: list[Item]) -> list[Item]:
    """Two entries with one id are told apart by what they say."""
    seen: set[str] = set()
    found = []
    for item in items:
        repeated = item.id is not None and item.id in seen
        seen.add(item.id or "")
        found.append(Item(item.content, item.status, None, item.doing, item.priority) if repeated else item)
    return found


def created(tool_input: Mapping[str, Any], response: Mapping[str, Any]) -> list[Fact]:
    """TaskCreate: the id is only in the result."""
    task = mapping(response.get("task", response))
    number = word(task, "id", "taskId")
    if number is None:
        return []
    subject = text(task, "subject") or text(tool_input, "subject", "description")
    return [Task(number, subject=subject, doing=text(tool_input, "activeForm"))]


def updated(tool_input: Mapping[str, Any], response: Mapping[str, Any]) -> list[Fact]:
    """TaskUpdate, unless it says that it did not succeed."""
    number = word(tool_input, "taskId", "id")
    if number is None or response.get("success") is False:
        return []
    change = mapping(response.get("statusChange"))
    status = status_of(tool_input) or status_of({"status": change.get("to")})
    doing, owner = text(tool_input, "activeForm"), word(tool_input, "owner")
    return [Task(number, status, text(tool_input, "subject"), doing, owner)]


def listed(response: Any) -> list[Fact]:
    """TaskList and TaskGet: one task or many, as they stand."""
    found = mapping(response)
    entries = response if isinstance(response, list) else found.get("tasks", [found.get("task")])
    if not isinstance(entries, list):
        return []
    facts: list[Fact] = []
    for entry in map(mapping, entries[:MOST_ITEMS]):
        if (number := word(entry, "id", "taskId")) is not None:
            owner = word(entry, "owner")
            facts.append(Task(number, status_of(entry), text(entry, "subject"), None, owner))
    return facts


def announced(payload: Mapping[str, Any], status: str | None) -> list[Fact]:
    """The hooks TaskCreated and TaskCompleted."""
    number = word(payload, "task_id")
    if number is None:
        return []
    return [Task(number, status, text(payload, "task_subject"), None, word(payload, "teammate_name"))]
