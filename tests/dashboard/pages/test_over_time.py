"""Past runs stretch by stretch: which run falls where, and what the pictures say of it."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from dashboard.pages import over_time
from runs.insight import past
from runs.models import Run
from tests.scenes import scene

pytestmark = pytest.mark.django_db
NOW = timezone.now()


def ended(owner: User, days_ago: float, agents: int = 2, seconds: float = 10) -> Run:
    """One that took so long; its speedup is as many agents as it had."""
    made = scene(owner, "abcd"[:agents], max_agents=agents)
    made.start(*"abcd"[:agents])
    made.later(seconds)
    made.complete(*"abcd"[:agents])
    Run.objects.filter(pk=made.run_id).update(finished_at=made.now - timedelta(days=days_ago))
    Run.objects.filter(pk=made.run_id).update(
        started_at=made.now - timedelta(days=days_ago, seconds=seconds),
    )
    return made.run


def looked(owner: User, days: int = 7) -> dict:
    now = timezone.now() + timedelta(minutes=5)
    return over_time.context(past.past(owner.pk, days, now).lines, now, days)


def test_each_run_falls_into_the_stretch_in_which_it_ended(ada: User) -> None:
    now = timezone.now() + timedelta(minutes=5)
    for days_ago in (0, 0.2, 2.5, 6.9):
        ended(ada, days_ago)
    lines = past.past(ada.pk, 7, now).lines
    counts = [one.summary.runs if one.summary else 0 for one in past.stretches(lines, now, 7, 7)]
    assert counts == [1, 0, 0, 0, 1, 0, 2]


def test_a_picture_says_from_what_to_what_and_what_it_is_lately(ada: User) -> None:
    for days_ago, agents in ((3.5, 4), (2.5, 2), (0.5, 3)):
        ended(ada, days_ago, agents)
    found = looked(ada)
    speedup = found["charts"][0]
    assert (speedup.name, speedup.most, speedup.last) == ("Speedup", "4.0x", "3.0x")
    assert speedup.words == "Speedup over time: 2.0x to 4.0x, lately 3.0x"
    assert [dot.y for dot in speedup.dots] == [8, 41, 24.5]
    assert len(speedup.traces) == 1  # the day between breaks the line
    assert [(row.runs, row.values[0]) for row in found["stretches"]] == [(1, "3.0x"), (1, "2.0x"), (1, "4.0x")]
    assert "ETA error" not in [chart.name for chart in found["charts"]]


def test_one_day_makes_no_line(ada: User) -> None:
    ended(ada, 0)
    ended(ada, 0)
    assert looked(ada)["charts"] == []


def test_the_page_shows_them_and_narrows_all_to_a_status(client: Client, ada: User) -> None:
    client.force_login(ada)
    for days_ago in (0.1, 5):
        ended(ada, days_ago)
    Run.objects.filter(pk=ended(ada, 0.1).pk).update(status="failed")
    html = client.get("/insights/").content.decode()
    assert "Over time" in html and 'aria-label="Speedup over time: 2.0x to 2.0x, lately 2.0x"' in html
    failed = client.get("/insights/?days=30&status=failed")
    assert len(failed.context["past"].lines) == 1
    assert "?days=7&amp;status=failed" in failed.content.decode()
    assert len(client.get("/insights/?status=nonsense").context["past"].lines) == 3
    assert "No run has ended as cancelled" in client.get("/insights/?status=cancelled").content.decode()
