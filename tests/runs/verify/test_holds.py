"""Whatever is wrong with what is held or waited for, `verify` finds it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from runs import transitions
from runs.models import Attempt, Hold, Run, Subtask
from runs.verify import holds, verify
from tests.runs.factories import NOW, Work, violations, work

pytestmark = pytest.mark.django_db


def claims(*made: tuple[str, str]) -> dict[str, Any]:
    return {"resources_known": True, "claims": [{"kind": kind, "name": name, "amount": 6} for kind, name in made]}


@pytest.fixture
def made() -> Work:
    """Two at work, one that waits for each of a file, a share, a limiter; and one that has waited before."""
    there = work(
        {
            "holds": claims(("file", "src/**"), ("database", "main"), ("api", "forge")),
            "plain": {"lane": "execute"},
            "file": claims(("file", "src/app.py")),
            "share": claims(("database", "main")),
            "calls": claims(("api", "forge")),
            "docs": claims(("file", "docs/**")),
        }
    )
    with there.entry() as entry:
        transitions.move(entry, "start")
        keys = ["holds", "plain", "file", "share", "calls"]
        transitions.lease(entry, [there.pick(key, f"agent-{key}") for key in keys])
    assert violations(NOW) == []
    return there


def hold(made: Work, key: str, kind: str, name: str, **changed: Any) -> None:
    row = made.subtask(key)
    plain = {"attempt": made.attempt(key), "run": made.run, "subtask": row, "mode": "write", "amount": 6}
    Hold.objects.create(kind=kind, name=name, **(plain | changed))


def change(key: str, **columns: Any) -> Callable[[Work], object]:
    return lambda made: Subtask.objects.filter(key=key).update(**columns)


CORRUPTIONS: dict[str, tuple[Callable[[Work], object], str]] = {
    "a hold of an attempt that ended": (
        lambda made: Attempt.objects.filter(subtask__key="holds").update(status="succeeded", finished_at=NOW),
        "which has ended or is another's",
    ),
    "a hold with another's subtask": (
        lambda made: Hold.objects.filter(kind="file").update(subtask=made.subtask("docs")),
        "which has ended or is another's",
    ),
    "a hold in a run that has ended": (
        lambda made: Run.objects.update(status="completed"),
        "has ended and file src/** is held",
    ),
    "a hold that was lost": (lambda made: Hold.objects.filter(kind="file").delete(), "holds 1 of the 2 things"),
    "a smaller amount": (lambda made: Hold.objects.filter(kind="database").update(amount=1), "holds 2 of the 2 things"),
    "two that write one file": (lambda made: hold(made, "plain", "file", "src/app.py"), "hold src/** and src/app.py"),
    "a wait without a key": (change("file", waits_key=""), "is pending and waits for resource of"),
    "a wait without a claim": (change("file", waits_claim=None), "waits for resource of attempt/"),
    "a key without a wait": (change("docs", waits_key="attempt/1"), "is pending and waits for  of attempt/1"),
    "a time without a wait": (change("docs", waits_until=NOW), "is pending and waits for  of"),
    "one at work that waits": (
        change("plain", waits_for="resource", waits_key="attempt/1"),
        "is in_progress and waits",
    ),
    "one that waits for others too": (change("file", unmet=1), "is pending and waits for resource"),
    "a wait for an attempt that is over": (change("file", waits_key="attempt/999"), "attempt/999, which will never"),
    "one behind nobody": (change("file", waits_key="twin"), "stands behind nobody"),
    "a wait for what nobody holds": (change("share", waits_key="database/x"), "database/x, which will never"),
    "a wait for calls without a time": (change("calls", waits_until=None), "api/forge, which will never"),
    "a wrong count of those held back": (lambda made: Run.objects.update(held_back=1), "keeps held_back = 1"),
    "a wrong count of those that wait for calls": (
        lambda made: Run.objects.update(rate_limited=0),
        "keeps rate_limited = 0",
    ),
    "one at work that says it asks a person": (change("plain", waits_for="person"), "its attempt says otherwise"),
    "a wrong count of those that ask": (lambda made: Run.objects.update(asking=1), "keeps asking = 1"),
    "a question of one that is at nothing": (change("docs", question="Now?"), "is pending and asks something"),
    "a wrong count of questions": (lambda made: Run.objects.update(questions=1), "keeps questions = 1"),
    "a wrong count of approvals": (lambda made: Run.objects.update(approvals=1), "keeps approvals = 1"),
    "a wrong count of those that claim": (lambda made: Run.objects.update(claiming=0), "keeps claiming = 0"),
    "a wrong count of those that may claim anything": (
        lambda made: Run.objects.update(open_undeclared=0),
        "keeps open_undeclared = 0",
    ),
}


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_every_corruption_is_found_and_named(made: Work, name: str) -> None:
    corrupt, told = CORRUPTIONS[name]
    corrupt(made)
    assert any(told in line for line in violations(NOW)), violations(NOW)


def test_every_check_of_claims_has_its_corruption(made: Work) -> None:
    found: set[str] = set()
    for corrupt, _ in CORRUPTIONS.values():
        with transaction.atomic():
            corrupt(made)
            found |= {finding.says for finding in verify(None, NOW) if finding.count}
            transaction.set_rollback(True)
    assert {check.says for check in holds.CHECKS} <= found


def test_readers_of_one_file_are_no_violation(made: Work) -> None:
    readers = {"kind": "file", "name": "lib/**", "mode": "read"}
    other = work({key: {"resources_known": True, "claims": [readers]} for key in "ab"})
    for key in "ab":
        other.lease(key, f"agent-{key}")
    assert violations(NOW + timedelta(seconds=1)) == []
