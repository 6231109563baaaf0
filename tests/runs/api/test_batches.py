"""Many reports in one call."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from runs.models import Run
from tests.factories import pointers
from tests.runs.api.outside import Outsider, row, run_of
from tests.runs.factories import dump, violations

pytestmark = pytest.mark.django_db


@pytest.fixture
def agent(ada: User) -> Outsider:
    return Outsider(ada)


@pytest.fixture
def run(ada: User) -> Run:
    return run_of(ada, {"key": "a"}, {"key": "b", "depends_on": ["a"]})


@pytest.fixture
def lease(agent: Outsider, run: Run) -> dict[str, Any]:
    return agent.take()


def test_each_of_many_has_its_own_verdict_in_order(ada: User, agent: Outsider) -> None:
    run = run_of(ada, *({"key": f"s{n}"} for n in range(4)))
    goes_on, done, broke, ended = agent.ask_for_work(limit=4)
    agent.say("complete", ended)
    about = [{"attempt": one["attempt"], "epoch": 1} for one in (goes_on, done, broke, ended)]
    sent = [
        about[0] | {"progress": 0.5, "message": "half", "usage": {"cost": 0.5}},
        about[1] | {"outcome": "complete", "result": {"n": 1}},
        about[2] | {"outcome": "fail", "error": "no", "retryable": False},
        about[3] | {"progress": 0.9},
        about[3] | {"outcome": "complete"},
        about[0] | {"epoch": 7},
        {"attempt": "999999", "epoch": 1},
        about[0] | {"result": {}},
        about[0] | {"error": "no"},
    ]
    response = agent.api.post("progress/", {"reports": sent})
    found = [one["status"] for one in response.json()["results"]]
    assert (response.status_code, found) == (200, [200, 200, 200, 409, 200, 409, 422, 422, 422])
    run.refresh_from_db()
    assert (run.in_progress, run.completed, run.failed, run.cost) == (1, 2, 1, 0.5)
    assert row(goes_on).message == "half"
    assert violations(timezone.now()) == []


def test_a_batch_has_a_thousand_reports_at_most(agent: Outsider, lease: dict[str, Any]) -> None:
    one = {"attempt": lease["attempt"], "epoch": 1}
    assert agent.api.post("progress/", {"reports": [one] * 1_000}).status_code == 200
    response = agent.api.post("progress/", {"reports": [one] * 1_001})
    assert (response.status_code, pointers(response)) == (422, ["/reports"])


def test_one_that_is_malformed_refuses_the_whole_batch(agent: Outsider, lease: dict[str, Any]) -> None:
    good = {"attempt": lease["attempt"], "epoch": 1, "outcome": "complete"}
    before = dump()
    response = agent.api.post("progress/", {"reports": [good, good | {"progress": 2}]})
    assert (response.status_code, pointers(response), dump()) == (422, ["/reports/1/progress"], before)


def test_a_report_needs_no_attempt_of_its_own_run(ada: User, agent: Outsider) -> None:
    """One batch may be about several runs."""
    runs = [run_of(ada, {"key": "a"}) for _ in range(3)]
    sent = [{"attempt": one["attempt"], "epoch": 1, "outcome": "complete"} for one in agent.ask_for_work(limit=3)]
    agent.api.post("progress/", {"reports": sent})
    assert {Run.objects.get(pk=run.pk).status for run in runs} == {"completed"}
