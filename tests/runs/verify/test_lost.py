"""An agent that was put away without having lost anything there is found."""

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from runs.models import Attempt, Event
from runs.steering import lost
from runs.verify import lost as checks
from tests.runs.factories import violations
from tests.silent import agent_of, lost_work

pytestmark = pytest.mark.django_db


def test_one_that_had_lost_nothing_there_is_found(ada: User) -> None:
    there = lost_work(ada)
    lost.retire(ada.pk, there.attempt("a").agent_id, by="user:1")
    assert violations(timezone.now()) == []
    Event.objects.filter(kind="agent_retired").update(agent_id=agent_of(ada, "other").pk)
    seq = there.run.last_seq
    assert violations(timezone.now()) == [
        f"I32 event {seq} of run {there.run_id} puts other away, which had lost nothing there"
    ]


def test_one_whose_attempt_ended_otherwise_is_found(ada: User) -> None:
    there = lost_work(ada)
    lost.dismiss(ada.pk, there.attempt("a").agent_id, by="user:1")
    Attempt.objects.update(status="failed")
    assert any(line.startswith("I32 ") for line in violations(timezone.now()))


def test_each_check_has_its_damage_here() -> None:
    assert len(checks.CHECKS) == 1
