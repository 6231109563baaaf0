"""The Insight view: the time of a run step by step, and what it gained."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from dashboard.pages import insight_page
from runs.engine.waterfall import Kind, Part, Span, waterfall
from runs.insight import kept
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


def test_of_a_large_run_the_page_comes_first_and_the_rest_after_it(ended: Scene, client: Client) -> None:
    Run.objects.update(total=kept.QUICK_SUBTASKS + 1)
    client.force_login(ended.run.owner)
    path = f"/runs/{ended.run_id}/insight/"
    page = client.get(path).content.decode()
    assert "Being worked out from 1,001 subtasks" in page and 'hx-trigger="load"' in page
    assert "Agents busy" not in page and "Perfetto" in page
    part = client.get(path, headers={"HX-Target": "div#run-insight"}).content.decode()
    assert "Agents busy" in part and "<html" not in part
    assert "Agents busy" in client.get(path).content.decode()  # it is known now


def test_without_scripts_it_is_waited_for(ended: Scene, client: Client) -> None:
    Run.objects.update(total=kept.QUICK_SUBTASKS + 1)
    client.force_login(ended.run.owner)
    assert "Agents busy" in client.get(f"/runs/{ended.run_id}/insight/?now=1").content.decode()
