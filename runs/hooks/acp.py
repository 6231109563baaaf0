"""Plans of the Agent Client Protocol: `session/update` with a `plan`, or (version 2) a `plan_update`."""

from collections.abc import Mapping
from typing import Any

from runs.engine.lists import Item
from runs.hooks import todos
from runs.hooks.facts import Listed
from runs.hooks.values import mapping, word


def read(payload: Any) -> tuple[str, tuple[Item, ...]] | None:
    """The session that a plan is of, and its entries; None when it is no plan. The notification, or its `params`."""
    told = mapping(payload)
    params = mapping(told.get("params", told))
    session, update = word(params, "sessionId"), mapping(params.get("update"))
    plan = _plan(update)
    if session is None or plan is None:
        return None
    facts = todos.written({"todos": plan.get("entries")}, {}, None)
    items = next((fact.items for fact in facts if isinstance(fact, Listed)), None)
    number = word(plan, "planId")
    return None if items is None else (f"{session}/{number}"[:200] if number else session, items)


def _plan(update: Mapping[str, Any]) -> Mapping[str, Any] | None:
    if update.get("sessionUpdate") == "plan":
        return update
    plan = mapping(update.get("plan"))
    return plan if update.get("sessionUpdate") == "plan_update" and plan.get("type") == "items" else None
