"""What the page of a run said on its way: the pictures and the table of its checkpoints."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from dashboard.pages import as_shown
from runs.models import Checkpoint, Run
from tests.scenes import Scene, scene

pytestmark = pytest.mark.django_db


@pytest.fixture
def ended(ada: User) -> Scene:
    """Took 10 s; at most twice as fast as one after the other."""
    made = scene(ada, ("a", "b"), {"b": ["a"]}, max_agents=2)
    for key in ("a", "b"):
        made.start(key)
        made.later(5)
        made.complete(key)
    Run.objects.filter(pk=made.run_id).update(theoretical_speedup=2.0)
    return made


def said(run: Run, elapsed: int, eta: float, low: float, high: float, **more: object) -> None:
    rest = {"plain_low": low, "plain_high": high, "known": True, "shown": True, "speedup": None} | more
    Checkpoint.objects.create(run=run, point=elapsed, elapsed=elapsed, eta=eta, low=low, high=high, **rest)


def test_the_expectation_is_drawn_with_its_range_against_what_came_true(ended: Scene) -> None:
    said(ended.run, 0, 20, 10, 100)
    said(ended.run, 5, 5, 0, 10)
    (expected,) = as_shown.context(ended.run, None)["pictures"]
    assert (expected.most, expected.until) == ("40 s", "10 s")  # a range that goes further up is cut off there
    assert expected.traces == ["6.0,41.0 150.0,65.8"]
    assert expected.bands == ["6.0,8.0 150.0,57.5 150.0,74.0 6.0,57.5"]
    assert expected.truth == "6.0,57.5 294.0,74.0"
    assert expected.dots[0].words == "after 0 s about 20 s (10–100), 10 s too much"


def test_what_was_not_shown_is_a_gap(ended: Scene) -> None:
    for at in range(0, 10, 2):
        said(ended.run, at, 5, 4, 6, shown=at != 4)
    context = as_shown.context(ended.run, None)
    (expected,) = context["pictures"]
    assert [len(trace.split()) for trace in expected.traces] == [2, 2]
    assert [row.expected for row in context["moments"]] == ["5.0 s", "5.0 s", "–", "5.0 s", "5.0 s"]


def test_the_speedup_is_drawn_below_its_limit(ended: Scene) -> None:
    said(ended.run, 2, 5, 4, 6, shown=False)
    said(ended.run, 5, 5, 4, 6, shown=False, speedup=0.5)
    said(ended.run, 8, 5, 4, 6, shown=False, speedup=1.0)
    (gained,) = as_shown.context(ended.run, 1.5, limit=2.0)["pictures"]
    assert (gained.name, gained.last, gained.most, gained.limit) == ("Speedup, estimated", "1.5x", "2.0x", 8)
    assert gained.traces == ["150.0,57.5 236.4,41.0"]


def test_before_the_end_and_after_a_pause_nothing_is_off(ended: Scene) -> None:
    said(ended.run, 2, 5, 4, 6, judged=False)
    said(ended.run, 4, 9, 4, 16)
    assert [row.off for row in as_shown.context(ended.run, None)["moments"]] == ["3.0 s too much", ""]
    under_way = ended.run
    under_way.finished_at = None
    context = as_shown.context(under_way, None)
    assert context["pictures"][0].truth == "" and {row.off for row in context["moments"]} == {""}


def test_one_moment_makes_no_line(ended: Scene) -> None:
    said(ended.run, 2, 5, 4, 6)
    found = as_shown.context(ended.run, None)
    assert (found["pictures"], found["moments"]) == ([], [])
    assert found["last"] == Checkpoint.objects.get()
    assert as_shown.context(ended.run, None, until=1.0)["last"] is None


def test_the_page_shows_both_and_the_same_as_a_table(ended: Scene, client: Client) -> None:
    client.force_login(ended.run.owner)
    page = f"/runs/{ended.run_id}/insight/"
    assert "As it was shown" not in client.get(page).content.decode()
    said(ended.run, 5, 5, 4, 6, speedup=1.0)
    said(ended.run, 8, 2, 1, 4, speedup=1.0)
    html = client.get(page).content.decode()
    assert 'aria-label="Expected to be left, with its range, from the start on: after 5.0 s 5 s (4–6), 0 s too' in html
    assert 'aria-label="Speedup from the start on, estimated: at first 1.0x, at last 1.0x"' in html
    assert html.count("too much") + html.count("too little") >= 2
