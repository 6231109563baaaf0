"""Every page there is, for whoever changes how pages look: light, dark and on a phone, into `shots/`."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.pictures.picture import PHONE, Picture

FOLDER = Path(__file__).resolve().parent.parent.parent / "shots"
TIMES = 4  # as long as the release of the other pictures takes: there are so many to take of it
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "phone": {"color_scheme": "light", "viewport": PHONE},
}
PAGES = {
    "overview": Picture("/", "#overview-running"),
    "todos": Picture("/todos/"),
    "todo-new": Picture("/todos/new/"),
    "todo": Picture("/todos/{todo}/", "#todo-tree [data-todo]"),
    "todo-plan": Picture("/todos/{todo}/plan/"),
    "todo-edit": Picture("/todos/{todo}/edit/"),
    "todo-needs": Picture("/todos/{todo}/needs/"),
    "todo-delete": Picture("/todos/{todo}/delete/"),
    "todo-decompose": Picture("/todos/{todo}/decompose/"),
    "todo-phases": Picture("/todos/{todo}/decompose/?strategy=phases"),
    "runs": Picture("/runs/"),
    "run": Picture("/runs/{run}/", "canvas", "Fit"),
    "run-table": Picture("/runs/{run}/?as=table"),
    "run-graph": Picture("/runs/{run}/graph/", "svg.graph"),
    "run-graph-table": Picture("/runs/{run}/graph/?as=table"),
    "run-subtasks": Picture("/runs/{run}/subtasks/", "#subtask-rows"),
    "run-drawer": Picture("/runs/{ended}/subtasks/merge/", "#subtask-drawer"),
    "run-events": Picture("/runs/{run}/events/"),
    "run-resources": Picture("/runs/{run}/resources/"),
    "run-insight": Picture("/runs/{ended}/insight/"),
    "run-past": Picture("/runs/{ended}/?at=1", "canvas"),
    "run-cancel": Picture("/runs/{run}/cancel/"),
    "agents": Picture("/agents/"),
    "insights": Picture("/insights/"),
    "compare": Picture("/insights/?compare={ended}&compare={run}"),
    "settings": Picture("/settings/"),
    "report": Picture("/api/v1/runs/{ended}/report/?format=html"),
    "admin": Picture("/admin/"),
    "admin-runs": Picture("/admin/runs/run/"),
    "admin-run": Picture("/admin/runs/run/{ended}/change/"),
    "admin-subtasks": Picture("/admin/runs/subtask/"),
    "login": Picture("/login/wrong/"),
    "not-there": Picture("/runs/999999/", status=404),
}
# What is under way comes first: it ends meanwhile.
IN_ORDER = sorted(PAGES, key=lambda name: "{run}" not in PAGES[name].path and name != "overview")
ALL = {f"every-{name}-{look}": replace(PAGES[name], options=LOOKS[look]) for name in IN_ORDER for look in LOOKS}
