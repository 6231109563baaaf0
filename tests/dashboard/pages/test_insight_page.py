"""The Insight view: the time of a run step by step, and what it gained."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from dashboard.pages import insight_page
from runs.engine.waterfall import Kind, Part, Span, waterfall
from runs.insight import beside, gained
from runs.models import Checkpoint, Run
from tests.scenes import Scene, scene

SECOND = 1_000_000


def flow(*spans: tuple[Kind, float, float], seats: int = 2, seconds: float = 10):  # type: ignore[no-untyped-def]
    made = [Span(kind, round(start * SECOND), round(end * SECOND)) for kind, start, end in spans]
    return waterfall(made, seats, round(seconds * SECOND))


def test_each_step_begins_where_the_one_before_it_ended_and_the_last_ends_at_the_end() -> None:
    steps = insight_page.steps(flow((Kind.WORK, 0, 10), (Kind.DEPENDENCY, 0, 4), (Kind.LOST, 4, 6)))
    assert [(step.part, step.seconds, step.x, step.width) for step in steps] == [
        ("work", 5.0, 0.0, 500.0),
        ("dependency", 2.0, 500.0, 200.0),
        ("retries", 1.0, 700.0, 100.0),
        ("tail", 2.0, 800.0, 200.0),
    ]


def test_a_step_too_short_to_be_seen_is_drawn_all_the_same_and_stays_within() -> None:
    (_, last) = insight_page.steps(flow((Kind.WORK, 0, 10), (Kind.WORK, 0, 9.999)))
    assert (last.width, last.x + last.width) == (2.0, 1000.0)


def test_every_part_has_its_words() -> None:
    assert set(insight_page.WORDS) == set(Part)


def test_the_picture_is_also_a_sentence() -> None:
    said = insight_page.summary(Run(), flow((Kind.WORK, 0, 10), (Kind.DEPENDENCY, 0, 10)))
    assert said == (
        "2 agents, at work all the time, would have needed 5.0 s; it has taken 10 s. "
        "Most of the rest, 5.0 s: waiting for other subtasks, or at a barrier."
    )
    assert insight_page.summary(Run(), flow((Kind.WORK, 0, 10), seats=1)).endswith("it has taken 10 s.")
    assert ", with 4.0 s in which nobody was to work. " in insight_page.summary(Run(), flow((Kind.QUESTION, 0, 4)), 4.0)


@pytest.fixture
def ended(ada: User) -> Scene:
    made = scene(ada, ("a", "b"), {"b": ["a"]}, max_agents=2)
    for key in ("a", "b"):
        made.start(key)
        made.later(5)
        made.complete(key)
    return made


def test_the_page_shows_the_parts_the_total_and_how_the_figures_came_about(ended: Scene, client: Client) -> None:
    client.force_login(ended.run.owner)
    page = client.get(f"/runs/{ended.run_id}/insight/").content.decode()
    assert f'href="/runs/{ended.run_id}/insight/" data-tab="insight" aria-current="page"' in page
    assert "Dependencies" in page and "Nothing left" in page and "Actual" in page
    assert "estimated" in page and "no estimate of it was shown" in page and "Measure the baseline" in page
    assert '<svg class="spent is-work"' in page


def test_what_was_expected_of_it_is_held_against_what_it_took(ended: Scene, client: Client) -> None:
    rest = {"plain_low": 1, "plain_high": 9, "known": True, "shown": True}
    Checkpoint.objects.create(run=ended.run, point=0, elapsed=5, eta=4, low=3, high=6, **rest)  # 5 s were left of 10
    client.force_login(ended.run.owner)
    page = client.get(f"/runs/{ended.run_id}/insight/").content.decode()
    assert "<b>1.0 s</b>" in page
    assert "10 % of the whole time, the middle of 1 estimate; the end lay within the range of 1 of them" in page
    assert "no estimate of it was shown" not in page


def test_a_run_that_has_not_begun_says_so(ada: User, client: Client) -> None:
    made = scene(ada)
    client.force_login(ada)
    assert "The run has not begun." in client.get(f"/runs/{made.run_id}/insight/").content.decode()


def test_a_run_of_somebody_else_is_not_there(ended: Scene, client: Client, eve: User) -> None:
    client.force_login(eve)
    assert client.get(f"/runs/{ended.run_id}/insight/").status_code == 404


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> list[Callable[[], None]]:
    """What is to be worked out beside the requests."""
    found: list[Callable[[], None]] = []
    monkeypatch.setattr(beside, "BESIDE", beside.Beside(_told, found.append, idle=0))
    return found


def _told(run_id: int, until: float | None) -> dict[str, Any]:
    found = gained.gained(Run.objects.get(pk=run_id), timezone.now(), until)
    return {"found": found and asdict(found)}


def test_of_a_large_run_the_page_comes_first_and_the_rest_when_it_is_known(
    ended: Scene, client: Client, later: list[Callable[[], None]]
) -> None:
    Run.objects.update(total=beside.QUICK_SUBTASKS + 1)
    client.force_login(ended.run.owner)
    path, part = f"/runs/{ended.run_id}/insight/", {"HX-Target": "div#run-insight"}
    page = client.get(path).content.decode()
    assert "Being worked out from 501 subtasks" in page and 'hx-trigger="load delay:300ms"' in page
    assert "Agents busy" not in page and "Perfetto" in page
    again = client.get(path, headers=part).content.decode()
    assert "Being worked out" in again and "<html" not in again
    (work,) = later
    work()
    found = client.get(path, headers=part).content.decode()
    assert "Agents busy" in found and "<html" not in found and "Being worked out" not in found
    assert "Agents busy" in client.get(path).content.decode()


def test_two_large_runs_are_compared_once_both_are_known(
    ended: Scene, client: Client, later: list[Callable[[], None]]
) -> None:
    other = scene(ended.run.owner, "c")
    other.start("c")
    other.complete("c")
    Run.objects.filter(pk=ended.run_id).update(total=beside.QUICK_SUBTASKS + 1)
    client.force_login(ended.run.owner)
    path = f"/insights/?compare={ended.run_id},{other.run_id}"
    page = client.get(path).content.decode()
    assert "Where the time went is being worked out" in page and "What they gained" in page
    later.pop()()
    page = client.get(path).content.decode()
    assert "being worked out" not in page and "Dependencies" in page


def test_without_scripts_it_is_waited_for(ended: Scene, client: Client) -> None:
    Run.objects.update(total=beside.QUICK_SUBTASKS + 1)
    client.force_login(ended.run.owner)
    assert "Agents busy" in client.get(f"/runs/{ended.run_id}/insight/?now=1").content.decode()


def test_at_a_moment_of_the_past_the_time_up_to_then_is_told(ended: Scene, client: Client) -> None:
    rest = {"plain_low": 1, "plain_high": 9, "known": True, "shown": True}
    for at, speedup in ((2, 0.5), (4, 0.75), (8, 1.5)):
        Checkpoint.objects.create(
            run=ended.run, point=at, elapsed=at, eta=10 - at, low=1, high=9, speedup=speedup, **rest
        )
    client.force_login(ended.run.owner)
    page = client.get(f"/runs/{ended.run_id}/insight/?at=5").content.decode()
    assert 'data-counter="in_progress" data-value="1"' in page and "had taken 5.0 s" in page
    assert "<b>1.0x</b>" in page and "5.0 s of finished work in 5.0 s, as measured" in page
    assert "the page said so 4.0 s after the beginning" in page
    assert "had gained by then" in page and "1.5x" not in page
    Run.objects.update(usual_work=None)  # then the page alone knows
    assert "<b>0.8x</b>" in client.get(f"/runs/{ended.run_id}/insight/?at=5").content.decode()
    assert "nothing was said by then" in client.get(f"/runs/{ended.run_id}/insight/?at=1").content.decode()
