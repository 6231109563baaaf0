from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.template import Context, Template
from django.test import RequestFactory

from dashboard.templatetags import abreast
from tests.scenes import scene

NOON = datetime(2026, 8, 14, 12, 0, tzinfo=UTC)


def render(template: str, **context: Any) -> str:
    return Template("{% load abreast %}" + template).render(Context(context))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{{ 128.6|duration }}", "2 min 9 s"),
        ("{{ 10.4|precise }}", "10.4 s"),
        ("{{ 14|about }}", "~14 s"),
        ("{{ 0.44|percent }}", "44 %"),
        ("{{ 3.64|times }}", "3.6x"),
        ("{{ 1204|count }}", "1,204"),
        ("{{ nothing|times }}", "–"),
        ('{{ 1|plural:"subtask" }}', "1 subtask"),
        ('{{ 2|plural:"try,tries" }}', "2 tries"),
        ('{{ things|plural_of:"thing" }}', "3 things"),
        ("{{ 5000|size }}", "4.9 KiB"),
        ("{{ 44.4|of_hundred }}", "44 %"),
        ("{{ nothing|of_hundred }}", "–"),
    ],
)
def test_numbers_are_said_as_people_say_them(text: str, words: str) -> None:
    assert render(text, nothing=None, things=[1, 2, 3]) == words


@pytest.mark.parametrize(
    ("baseline", "speedup", "said"),
    [(3.2, 3.6, "measured against a baseline: 3.2x"), (None, 3.6, "estimated: 3.6x"), (None, None, "not known: –")],
)
def test_the_speedup_is_the_measured_one_where_there_is_one(
    baseline: float | None, speedup: float | None, said: str
) -> None:
    how, words = said.split(": ")
    html = render("{% gained progress %}", progress={"baseline_speedup": baseline, "speedup": speedup})
    assert html == f'<span title="{how}">{words}</span>'


def test_a_status_is_an_icon_and_a_word() -> None:
    html = render('{% status "in_progress" %}')
    assert 'class="status is-in-progress"' in html
    assert "icons.svg#in_progress" in html
    assert html.endswith("in progress</span>")
    assert 'class="status is-failed is-badge"' in render('{% status "failed" "is-badge" %}')


def test_statuses_that_share_a_drawing_keep_their_word() -> None:
    html = render('{% status "succeeded" %}')
    assert "icons.svg#completed" in html
    assert "succeeded</span>" in html


def test_without_room_the_word_of_a_status_is_still_there() -> None:
    html = render('{% status_icon "timed_out" %}')
    assert 'title="timed out"' in html
    assert '<span class="visually-hidden">timed out</span>' in html


def test_a_label_in_a_status_is_only_text() -> None:
    assert "&lt;b&gt;" in render('{% status "idle" "" label %}', label="<b>")


def test_an_icon_is_silent_and_may_have_a_colour() -> None:
    assert render('{% icon "close" %}').startswith('<svg class="icon" aria-hidden="true">')
    assert 'class="icon is-failed"' in render('{% icon "failed" "is-failed" %}')


def test_times_tick_from_where_the_server_was() -> None:
    html = render("{% elapsed moment now %}", moment=NOON, now=NOON + timedelta(seconds=75))
    assert 'data-tick="elapsed"' in html
    assert f'datetime="{NOON.isoformat()}"' in html
    assert ">1 min 15 s</time>" in html
    assert ">3 h ago</time>" in render("{% since moment now %}", moment=NOON, now=NOON + timedelta(hours=3.5))


def test_a_time_that_is_not_known_is_a_dash() -> None:
    assert (
        render("{% elapsed nothing now %}{% since nothing now %}{% clock nothing %}", nothing=None, now=NOON) == "–––"
    )


def test_the_exact_time_is_in_the_tooltip_of_a_clock_time() -> None:
    html = render("{% clock moment %}", moment=NOON)
    assert 'title="2026-08-14 12:00:00.000 UTC"' in html
    assert "data-clock" in html


def test_what_is_left_counts_down_from_the_expected_end() -> None:
    html = render("{% left until 14 now %}", until=NOON + timedelta(seconds=8), now=NOON)
    assert f'data-until="{(NOON + timedelta(seconds=8)).isoformat()}"' in html
    assert "about 8 s left of 14 s" in html


def test_text_of_agents_is_escaped_and_made_visible() -> None:
    assert render("{{ text|visible }}", text="<b>\u202e") == "&lt;b&gt;⟨U+202E⟩"
    assert render("{{ text|plain }}", text="\x1b[31m<b>") == "&lt;b&gt;"


def test_the_main_pages_are_those_that_exist() -> None:
    found = abreast.places()
    assert [place["name"] for place in found][:1] == ["overview"]
    assert {"name": "runs", "title": "Runs", "href": "/runs/", "key": "r"} in found
    keys = [place["key"] for place in found]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize(
    ("address", "text", "query"),
    [
        ("/runs/?status=failed&q=a", '{% query cursor="x" %}', "?status=failed&q=a&cursor=x"),
        ("/runs/?status=failed&cursor=x", '{% query status="" %}', "/runs/"),
        ("/runs/?cursor=x", '{% query q="a b" %}', "?q=a+b"),
        ("/runs/?q=%22%3E%3Cscript%3E", '{% query cursor="x" %}', "?q=%22%3E%3Cscript%3E&cursor=x"),
    ],
)
def test_a_query_keeps_what_is_not_changed(address: str, text: str, query: str) -> None:
    shown = render(text, request=RequestFactory().get(address))
    assert shown.replace("&amp;", "&") == query


@pytest.mark.django_db
def test_the_number_of_things_that_wait_is_ones_own(ada: User, eve: User) -> None:
    there = scene(ada, "a")
    there.start("a")
    there.fail("a")
    request = RequestFactory().get("/")
    request.user = ada
    assert render("{% waiting_count %}", request=request) == "1"
    request.user = eve
    assert render("{% waiting_count %}", request=request) == "0"


@pytest.mark.django_db
def test_how_long_an_attempt_took_is_precise(ada: User) -> None:
    there = scene(ada, "a")
    there.start("a")
    assert abreast.took(there.attempt("a")) == "–"
    there.later(10.44)
    there.complete("a")
    assert abreast.took(there.attempt("a")) == "10.4 s"
    assert ">0:10.4</time>" in abreast.offset(there.run, there.now)


def test_a_key_may_be_broken_after_its_points_and_nothing_else_changes() -> None:
    assert abreast.key("imports.line_items-2") == "imports.<wbr>line_<wbr>items-2"
    assert abreast.key("<b>.") == "&lt;b&gt;.<wbr>"
