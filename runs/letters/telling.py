"""Writes letters to webhooks, in the transaction in which what they tell has happened."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from runs.engine import letters, states
from runs.engine.letters import Happened
from runs.entry import Entry
from runs.models.subtask import Subtask
from runs.models.webhook import Letter, Webhook

_COUNTED = "total completed in_progress pending failed cancelled skipped".split()


def write(entry: Entry, before: Mapping[str, Any]) -> None:
    """A letter to each webhook of the owner that wants it. Where nothing is worth telling, nothing is looked up."""
    happened = letters.worth_telling(
        [(event[2], event[3], event[8]) for event in entry.events],
        asked_before=before["asking"] + before["questions"],
        asked_now=entry["asking"] + entry["questions"],
        ended=entry.ended and before["status"] not in states.RUN_TERMINAL,
    )
    if not happened:
        return
    wanted = {one.event for one in happened}
    hooks = [
        hook for hook in Webhook.objects.filter(owner=entry["owner_id"], paused_at=None) if wanted & set(hook.events)
    ]
    if hooks:
        bodies = [(one.event, _body(entry, one, _keys(happened))) for one in happened]
        Letter.objects.bulk_create(
            Letter(webhook=hook, event=event, body=body, created_at=entry.now, next_at=entry.now)
            for hook in hooks
            for event, body in bodies
            if event in hook.events
        )


def timestamp(time: datetime) -> str:
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _keys(happened: Sequence[Happened]) -> dict[int, tuple[str, str]]:
    rows = Subtask.objects.filter(pk__in=[one.subtask for one in happened if one.subtask])
    return {number: (key, error) for number, key, error in rows.values_list("pk", "key", "error")}


def _body(entry: Entry, one: Happened, keys: Mapping[int, tuple[str, str]]) -> str:
    data: dict[str, Any] = {
        "run": str(entry.run_id),
        "content": entry["content"],
        "status": entry["status"],
        "end_reason": entry["end_reason"] or None,
        "counts": {name: entry[name] for name in _COUNTED},
        "questions": entry["asking"] + entry["questions"],
    }
    if one.subtask is not None:
        key, error = keys[one.subtask]
        data |= {"subtask": key, "error": error[:1_000]}
    return json.dumps({"type": one.event, "timestamp": timestamp(entry.now), "data": data}, default=str)
