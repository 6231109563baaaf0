import re

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from dashboard.sockets import frames
from runs.models import Run, Subtask
from tests.scenes import Scene, scene

pytestmark = pytest.mark.django_db


def targets(html: str) -> list[str]:
    """The elements a frame brings up to date."""
    return re.findall(r'<hx-partial hx-target="#([^"]*)"', html)


def pieces(html: str) -> dict[str, str]:
    found = re.findall(r'<hx-partial hx-target="#([^"]*)" hx-swap="outerMorph">(.*?)</hx-partial>', html, re.DOTALL)
    return dict(found)


@pytest.fixture
def there(ada: User) -> Scene:
    made = scene(ada, "abcdef", {"f": ["b"]}, max_agents=2)
    made.start("a", "b")
    return made


def test_a_frame_brings_the_parts_of_the_page_up_to_date(there: Scene) -> None:
    seq, html = frames.run_frame(there.run_id, 0, there.now)
    assert seq == there.run.last_seq
    parts = ["state", "notices", "strip", "tabs"]
    assert targets(html) == [*(f"run-{part}" for part in parts), "now-next-rows", "now-next-foot", "frame"]


def test_a_frame_says_how_many_have_not_ended(there: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    _, html = frames.run_frame(there.run_id, 0, there.now)
    assert "all that have not ended: 6" in pieces(html)["now-next-foot"]
    monkeypatch.setattr(frames, "NOW_AND_NEXT", 4)
    there.complete("a")
    _, html = frames.run_frame(there.run_id, 0, there.now)
    assert "the first 4 of 5 subtasks that have not ended" in pieces(html)["now-next-foot"]


def test_every_fragment_has_the_id_it_is_put_in_place_of(there: Scene) -> None:
    _, html = frames.run_frame(there.run_id, there.run.last_seq - 1, there.now)
    for target, piece in pieces(html).items():
        assert re.match(rf'<\w+ [^>]*\bid="{target}"', piece), piece[:80]


def test_no_white_space_around_a_fragment_is_left_behind_in_the_page(there: Scene) -> None:
    _, html = frames.run_frame(there.run_id, 0, there.now)
    for piece in pieces(html).values():
        assert piece == piece.strip()


def test_a_frame_says_what_it_shows_and_when(there: Scene) -> None:
    _, html = frames.run_frame(there.run_id, 0, there.now)
    mark = pieces(html)["frame"]
    assert f'data-seq="{there.run.last_seq}"' in mark
    assert f'data-now="{there.now.isoformat()}"' in mark
    assert 'data-ended="0"' in mark


def test_subtasks_that_changed_since_come_as_rows(there: Scene) -> None:
    before = there.run.last_seq
    there.complete("a")
    _, html = frames.run_frame(there.run_id, before, there.now)
    row = pieces(html)[f"row-{there.subtask('a').pk}"]
    assert "completed" in row
    assert f"row-{there.subtask('c').pk}" not in pieces(html)


def test_a_reader_that_is_new_or_up_to_date_gets_no_rows(there: Scene) -> None:
    for since in (0, there.run.last_seq, there.run.last_seq + 5):
        _, html = frames.run_frame(there.run_id, since, there.now)
        assert not [name for name in targets(html) if name.startswith("row-")]


def test_more_changes_than_a_frame_may_hold_are_left_to_the_table(ada: User) -> None:
    keys = [f"k{at}" for at in range(frames.MOST_ROWS + 1)]
    many = scene(ada, keys, max_agents=50)
    before = many.run.last_seq
    many.start(*keys)
    _, html = frames.run_frame(many.run_id, before, many.now)
    assert not [name for name in targets(html) if name.startswith("row-")]
    assert len(html) < 16_000


def test_a_frame_holds_nothing_of_one_viewer(there: Scene, browser: Client) -> None:
    browser.get(f"/runs/{there.run_id}/")
    _, html = frames.run_frame(there.run_id, 0, there.now)
    assert "csrf" not in html
    assert "aria-current" not in html


def test_the_page_and_the_frame_say_the_same(there: Scene, browser: Client) -> None:
    page = browser.get(f"/runs/{there.run_id}/").content.decode()
    _, html = frames.run_frame(there.run_id, 0, there.now)
    numbers = r'data-counter="(\w+)" data-value="(\d+)"'
    assert re.findall(numbers, page) == re.findall(numbers, html)


def test_the_end_of_a_run_is_told(ada: User) -> None:
    there = scene(ada, "ab", {"b": ["a"]})
    there.start("a")
    there.later(4)
    there.fail("a")
    _, html = frames.run_frame(there.run_id, 0, there.now)
    found = pieces(html)
    assert 'data-ended="1"' in found["frame"]
    assert "1 failed:" in found["run-notices"]
    assert f"/runs/{there.run_id}/subtasks/a/" in found["run-notices"]
    assert "1 subtask skipped" in found["run-notices"]
    assert "Try again" in found["run-state"]
    assert "Cancel…" not in found["run-state"]


def test_hostile_texts_are_text_in_a_frame(ada: User) -> None:
    there = scene(ada, "ab", {"b": ["a"]}, content="<script>alert('run')</script> \u202egnihtemos")
    there.start("a", agent="<b>agent</b>")
    Subtask.objects.update(content="<script>alert('subtask')</script>", message="<script>alert('message')</script>")
    before = there.run.last_seq
    there.fail("a", error="<script>alert('error')</script>")
    _, html = frames.run_frame(there.run_id, before, there.now)
    assert "<script" not in html
    assert "<b>agent" not in html
    assert "\u202e" not in html
    assert "&lt;script&gt;alert(&#x27;error&#x27;)" in html


def test_a_frame_takes_the_same_queries_at_any_size(
    ada: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    counts = []
    for number in (20, 200):
        keys = [f"k{at:03d}" for at in range(number)]
        there = scene(ada, keys, {keys[-1]: keys[:3]}, max_agents=10)
        there.start(*keys[:10])
        before = there.run.last_seq
        there.complete(*keys[:5])
        with django_assert_max_num_queries(14) as taken:
            frames.run_frame(there.run_id, before, there.now)
        counts.append(len(taken))
    assert counts[0] == counts[1]


def test_an_unknown_run_has_no_frame() -> None:
    with pytest.raises(Run.DoesNotExist):
        frames.run_frame(1, 0, timezone.now())


def test_the_overview_shows_ones_own_runs_only(ada: User, eve: User) -> None:
    mine = scene(ada, content="Ada's run")
    scene(eve, content="Eve's run")
    html = frames.overview_frame(ada.pk, mine.now)
    assert targets(html) == [*(f"overview-{name}" for name in frames.OVERVIEW_PIECES), "nav-waits", "frame"]
    assert "Ada&#x27;s run" in html
    assert "Eve" not in html
