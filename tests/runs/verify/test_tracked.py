"""Damage to runs whose agents report by themselves is found."""

from collections.abc import Callable

import pytest
from django.db.models import F

from runs.models import Attempt, Event, Run, Subtask
from tests.factories import Api
from tests.runs.tracking.watching import broken, say, tracked

DAMAGE: dict[str, tuple[Callable[[], int], str]] = {
    "a lease": (lambda: Attempt.objects.update(lease_expires_at=F("leased_at")), "whether it has a lease"),
    "a question too many": (lambda: Run.objects.update(questions=1), "keeps questions = 1, and there are 0"),
    "a question not counted": (lambda: Subtask.objects.update(question="May I?"), "keeps questions = 0"),
    "a subtask that was not added": (
        lambda: Event.objects.filter(kind="added").update(kind="aged"),
        "made with 1",
    ),
    "usage of nobody": (lambda: Run.objects.update(output_tokens=5), "keeps output_tokens = 5"),
    "too many outside": (lambda: Run.objects.update(outside=2), "keeps outside = 2"),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_the_damage_is_found(api: Api, name: str) -> None:
    run = tracked(api, "a")
    say(api, run, "a", "in_progress")
    say(api, run, "b", "in_progress", usage={"output_tokens": 3})
    assert broken() == []
    damage, sentence = DAMAGE[name]
    assert damage() > 0
    assert any(sentence in found for found in broken())
