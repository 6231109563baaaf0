"""What the tests of reported work need: a run of it, reports about it, and the time going by."""

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from runs import journal, loop, sweep
from runs.models import Attempt, Run, Session, Subtask
from runs.verify import verify
from tests.factories import Api


def tracked(api: Api, *keys: str, **fields: Any) -> int:
    """The id of a new tracked run with these subtasks."""
    subtasks = [{"key": key, "content": f"Do {key}"} for key in keys]
    answer = api.post("runs/", {"content": "Nightly", "backend": "tracked", "subtasks": subtasks, **fields})
    assert answer.status_code == 201, answer.content
    return int(answer.json()["id"])


def report(api: Api, run: int, *reports: dict[str, Any]) -> list[dict[str, Any]]:
    answer = api.post(f"runs/{run}/reports/", {"reports": list(reports)})
    assert answer.status_code == 200, answer.content
    results: list[dict[str, Any]] = answer.json()["results"]
    return results


def say(api: Api, run: int, key: str, status: str, **more: Any) -> dict[str, Any]:
    """One report, and what came of it."""
    return report(api, run, {"key": key, "status": status, **more})[0]


def statuses(run: int) -> dict[str, str]:
    return dict(Subtask.objects.filter(run=run).order_by("position").values_list("key", "status"))


def attempts(run: int, key: str) -> list[tuple[str, str]]:
    """Who tried it, and how it ended."""
    found = Attempt.objects.filter(run=run, subtask__key=key).order_by("epoch")
    return list(found.values_list("agent__name", "status"))


def progress(api: Api, run: int) -> dict[str, Any]:
    found: dict[str, Any] = api.get(f"runs/{run}/progress/").json()
    return found


def seconds_ago(run: int, seconds: float) -> None:
    """Everything in a run was that much earlier: as if nothing had happened since."""
    gone = timedelta(seconds=seconds)
    found = Run.objects.get(pk=run)
    for name in ("created_at", "started_at", "updated_at", "heard_at", "open_until"):
        if (time := getattr(found, name)) is not None:
            setattr(found, name, time - gone)
    found.save()
    Subtask.objects.filter(run=run).update(finished_at=F("finished_at") - gone)
    for attempt in Attempt.objects.filter(run=run):
        attempt.leased_at -= gone
        attempt.started_at = attempt.started_at and attempt.started_at - gone
        attempt.finished_at = attempt.finished_at and attempt.finished_at - gone
        attempt.save()


def sweep_now() -> None:
    """What an orchestrator does each second."""
    now = timezone.now()
    for run in sweep.runs_to_visit(now):
        with transaction.atomic(), journal.of(run, now) as entry:
            loop.run_pass(entry, None)


def broken() -> list[str]:
    """What `verify` finds."""
    return [sentence for finding in verify(None, timezone.now()) for sentence in finding.shown]


def run_of(session: str) -> int:
    """The run that shows a session."""
    found = Session.objects.get(name=session).run_id
    assert found is not None
    return found
