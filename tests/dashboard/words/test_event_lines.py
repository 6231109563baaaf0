from typing import Any

import pytest
from django.contrib.auth.models import User
from pytest_django import DjangoAssertNumQueries

from dashboard.words import event_lines
from dashboard.words.event_lines import Line
from runs.models import Event
from tests.scenes import Scene, scene

pytestmark = pytest.mark.django_db


def lines(there: Scene) -> list[Line]:
    return event_lines.of(there.run, list(Event.objects.filter(run=there.run_id).order_by("seq")))


def test_events_read_like_sentences(ada: User) -> None:
    there = scene(ada, "ab", {"b": ["a"]})
    there.start("a", agent="impl-1")
    there.later(75.25)
    there.fail("a", error="exit code 1", retryable=True)
    told = [(line.words, line.key, line.agent, line.said, line.offset) for line in lines(there)]
    assert told == [
        ("run created", "", "", "2 subtasks", "0:00.0"),
        ("run running", "", "", "", "0:00.0"),
        ("leased", "a", "impl-1", "", "0:00.0"),
        ("started", "a", "impl-1", "", "0:00.0"),
        ("failed", "a", "impl-1", "exit code 1; another try", "1:15.2"),
    ]


def test_an_event_is_drawn_as_the_status_it_led_to(ada: User) -> None:
    there = scene(ada, "a")
    there.start("a")
    there.complete("a")
    drawn = [line.drawn for line in lines(there)]
    assert drawn == ["pending", "running", "in_progress", "in_progress", "completed", "completed"]


@pytest.mark.parametrize(
    ("kind", "data", "said"),
    [
        ("progress", {"progress": 0.4, "message": "reading"}, "40 %: reading"),
        ("progress", {"progress": None, "message": "reading"}, "reading"),
        ("progress", {"progress": 0.4, "message": None}, "40 %"),
        ("clock_step", {"gap_seconds": 46.2}, "the server was away for 46 s"),
        ("run_failed", {"reason": "fail_fast"}, "fail_fast"),
        ("phase_begun", {"phase": 2, "after": 1, "barrier": "released"}, "phase 2"),
        ("aged", {"from": 5, "to": 4}, "from priority 5 to 4"),
        ("budget_used_up", {"reason": "the budget is used up"}, "the budget is used up"),
        ("phase_begun", {"phase": 2, "after": 1, "barrier": "timed_out"}, "phase 2: phase 1 took too long"),
        ("asked", {"question": "Now?"}, "Now?"),
        ("answered", {"approved": True, "text": "Go."}, "yes: Go."),
        ("answered", {"approved": False, "text": ""}, "no"),
        ("leased", None, ""),
        ("leased", ["odd"], ""),
    ],
)
def test_what_an_event_adds_is_said(ada: User, kind: str, data: Any, said: str) -> None:
    there = scene(ada, "a")
    Event.objects.filter(run=there.run_id).update(kind=kind, data=data)
    assert lines(there)[0].said == said


def test_hidden_characters_in_an_event_are_spelled_out(ada: User) -> None:
    there = scene(ada, "a")
    Event.objects.filter(run=there.run_id).update(kind="failed", data={"error": "\u202egnihtemos"})
    assert lines(there)[0].said == "⟨U+202E⟩gnihtemos"


def test_colours_in_what_was_printed_are_left_out(ada: User) -> None:
    there = scene(ada, "a")
    there.start("a")
    there.fail("a", error="exit code 1: \x1b[31;1merror\x1b[0m")
    assert [line.said for line in lines(there)[-2:]] == ["exit code 1: error", ""]  # "run failed" says the rest


def test_names_take_two_queries_for_any_number_of_events(
    ada: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in (2, 50):
        there = scene(ada, [f"k{at}" for at in range(number)], max_agents=50)
        there.start(*(f"k{at}" for at in range(number)))
        run, events = there.run, list(Event.objects.filter(run=there.run_id))
        with django_assert_num_queries(2):
            event_lines.of(run, events)
