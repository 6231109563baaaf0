"""A run to watch for whoever has none yet: a release that is only rehearsed, so each part of it just takes its time."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.contrib.auth.decorators import login_required
from django.contrib.messages import success
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from dashboard.views.access import principal, refuse_viewers
from runs import actions
from todos import actions as todo_actions

AGENTS = 4


@login_required
@require_POST
def start(request: HttpRequest) -> HttpResponse:
    """Makes the todo and leads to a run of it, under way."""
    refuse_viewers(request)
    tree = {"content": "A release, rehearsed", "subtasks": list(_parts())}
    with transaction.atomic():  # with no todo left without its run
        todo = todo_actions.create(principal(request), tree)
        run = actions.start(todo, actions.Options(max_agents=AGENTS))
    success(request, f"Started: {run.total:,} subtasks, which only take their time. One of them fails at first.")
    return redirect("run", run.pk)


def _parts() -> Iterator[dict[str, Any]]:
    """About two minutes of work, half a minute of which one thing must follow another; what it takes is not quite what
    is expected."""
    lint = {"format": (2, 2.2), "types": (6, 6.8), "links": (3, 2.5), "licences": (1, 1.0)}
    yield _group("lint", "Check the code", [_part(key, f"Check {key}", *both) for key, both in lint.items()])
    apps = {"accounts": 4, "billing": 7, "catalog": 5, "mail": 3, "orders": 8, "search": 5, "shipping": 4, "stock": 6}
    unit = [_part(f"unit-{key}", f"Test {key}", long, long * 0.9) for key, long in apps.items()]
    yield _group("unit", "Unit tests", unit)
    yield _part("wheel", "Build the wheel", 4, 3.6, ["lint"])
    pages = ("checkout", "basket", "login")
    browser = [_part(f"browser-{key}", f"Browser: {key}", 6, 6.5, fails=key == "basket") for key in pages]
    yield _group("browser", "Browser tests", browser, ["wheel"])
    chapters = ("tutorial", "guide", "reference")
    yield _group("docs", "Documentation", [_part(f"docs-{key}", f"Build the {key}", 2, 2.4) for key in chapters])
    platforms = ("linux", "macos", "windows")
    images = [_part(f"image-{key}", f"Image for {key}", 5, 5.5, ["wheel"]) for key in platforms]
    yield _group("images", "Images", images)
    scans = [_part(f"scan-{key}", f"Scan the image for {key}", 3, 2.6, [f"image-{key}"]) for key in platforms]
    yield _group("scans", "Scans", scans)
    yield _part("notes", "Write the notes", 2, 2.0, ["docs"])
    yield _part("sign", "Sign everything", 2, 1.5, ["unit", "browser", "scans", "notes"])
    yield _part("publish", "Publish", 3, 3.0, ["sign"])


def _group(key: str, content: str, parts: list[dict[str, Any]], needs: Sequence[str] = ()) -> dict[str, Any]:
    return {"key": key, "content": content, "subtasks": parts, "depends_on": list(needs)}


def _part(
    key: str, content: str, expected: float, seconds: float, needs: Sequence[str] = (), *, fails: bool = False
) -> dict[str, Any]:
    return {
        "key": key,
        "content": content,
        "estimated_seconds": expected,
        "depends_on": list(needs),
        "executor": {"name": "simulate", "seconds": round(seconds, 1), "fail_times": int(fails)},
    }
