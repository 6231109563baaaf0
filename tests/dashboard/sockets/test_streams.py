"""What the frames of a run and of the overview hold."""

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from dashboard.sockets import streams
from dashboard.sockets.live import Frame, Hub
from runs import queries
from runs.engine import states
from runs.models import Event, Run
from tests.scenes import Scene, scene

pytestmark = pytest.mark.django_db


def said(frame: Frame | None) -> dict[str, Any]:
    assert frame is not None
    found: dict[str, Any] = json.loads(frame.text)
    return found


@pytest.fixture
def run(ada: User) -> Scene:
    """Three subtasks, the first of them done: events 1 to 5."""
    found = scene(ada)
    found.start("a")
    found.later(2)
    found.complete("a")
    return found


def last_seq(run: Scene) -> int:
    return run.run.last_seq


# ---- the first frame ----


def test_a_reader_who_asks_for_nothing_gets_what_is_yet_to_come(run: Scene) -> None:
    frame = streams.first_frame(run.run_id, None)
    assert (frame.after, frame.seq) == (last_seq(run), last_seq(run))
    assert said(frame)["type"] == "snapshot"
    assert said(frame)["from_seq"] == last_seq(run)
    assert said(frame)["progress"]["completed"] == 1


@pytest.mark.parametrize("wanted", [0, 1, 3])
def test_a_reader_who_comes_back_gets_the_events_after_the_one_it_knows(run: Scene, wanted: int) -> None:
    frame = streams.first_frame(run.run_id, wanted)
    assert (frame.after, frame.seq, said(frame)["from_seq"]) == (wanted, last_seq(run), wanted)


def test_a_reader_who_knows_more_than_there_is_gets_what_is_yet_to_come(run: Scene) -> None:
    frame = streams.first_frame(run.run_id, 10**17)
    assert (frame.after, said(frame)["from_seq"]) == (last_seq(run), last_seq(run))


def test_a_reader_who_wants_what_was_trimmed_is_told_from_where_on_it_gets_events(run: Scene) -> None:
    Event.objects.filter(run=run.run_id, seq__lte=2).delete()
    Run.objects.filter(pk=run.run_id).update(trim_seq=2)
    assert streams.first_frame(run.run_id, 1).after == last_seq(run)
    assert streams.first_frame(run.run_id, 2).after == 2


def test_there_is_no_frame_of_a_run_that_is_not_there() -> None:
    with pytest.raises(Run.DoesNotExist):
        streams.first_frame(77, None)
    with pytest.raises(Run.DoesNotExist):
        streams.events_frame(77, 0, 5)


# ---- events ----


def test_events_come_in_order_up_to_where_the_others_are(run: Scene) -> None:
    frame = streams.events_frame(run.run_id, 1, 3)
    assert (frame.after, frame.seq) == (1, 3)
    assert [event["seq"] for event in said(frame)["events"]] == [2, 3]
    assert said(frame)["events"][0].keys() == {
        *("seq", "topic", "kind", "subtask", "attempt", "epoch", "agent", "status", "at", "data")
    }


def test_the_counters_beside_the_events_are_those_of_now(run: Scene) -> None:
    told = said(streams.events_frame(run.run_id, 0, 2))["progress"]
    now = queries.snapshot(run.run_id, run.now)
    assert told.keys() == now.keys()
    counters = ("run", "seq", "status", "total", *states.Status, "agents_active", "waiting", "progress")
    assert [told[name] for name in counters] == [now[name] for name in counters]


def test_a_reader_whose_events_were_trimmed_meanwhile_gets_a_snapshot(run: Scene) -> None:
    Run.objects.filter(pk=run.run_id).update(trim_seq=3)
    frame = streams.events_frame(run.run_id, 2, 5)
    assert (said(frame)["type"], said(frame)["from_seq"], frame.seq) == ("snapshot", last_seq(run), last_seq(run))


def test_more_events_than_fit_make_a_frame_that_says_so(run: Scene) -> None:
    first = streams.next_events(run.run_id, 0, limit=2)
    assert first is not None
    assert (first.after, first.seq, first.partial) == (0, 2, True)
    last = streams.next_events(run.run_id, last_seq(run) - 1)
    assert last is not None
    assert not last.partial
    assert streams.next_events(run.run_id, last_seq(run)) is None


def test_a_frame_of_many_events_costs_as_many_queries_as_one_of_few(ada: User) -> None:
    run = scene(ada, [f"k{number}" for number in range(50)])
    run.start("k0")
    with CaptureQueriesContext(connection) as few:
        streams.events_frame(run.run_id, 0, 1_000)
    run.start(*(f"k{number}" for number in range(1, 50)))
    with CaptureQueriesContext(connection) as many:
        frame = streams.events_frame(run.run_id, 0, 1_000)
    assert len(said(frame)["events"]) > 50
    print([q["sql"][:200] for q in many.captured_queries])
    assert len(many) == len(few) <= 5


def test_messages_are_encoded_as_rest_answers_are(run: Scene) -> None:
    text = streams.encode({"at": run.now, "ratio": float("nan"), "said": "€"})
    assert text == f'{{"at":"{run.now.isoformat().replace("+00:00", "Z")}","ratio":null,"said":"€"}}'


# ---- frames of the page, and the overview ----


def test_a_frame_of_the_page_shows_where_the_run_stands(run: Scene) -> None:
    frame = streams.next_frame(run.run_id, 3)
    assert (frame.after, frame.seq) == (3, last_seq(run))
    assert frame.text


def test_the_overview_shows_what_has_not_ended_and_is_mine(ada: User, eve: User) -> None:
    done, first, second = scene(ada, ["a"]), scene(ada), scene(ada)
    scene(eve)
    done.start("a")
    done.complete("a")
    frame = streams.next_overview(ada.pk, 7)
    assert (frame.after, frame.seq, said(frame)["type"]) == (7, 8, "snapshot")
    assert [run["run"] for run in said(frame)["runs"]] == [str(second.run_id), str(first.run_id)]
    with CaptureQueriesContext(connection) as found:
        streams.next_overview(ada.pk, 7)
    assert len(found) == 1


def test_the_overview_page_is_that_of_its_owner(ada: User, eve: User) -> None:
    scene(ada).start("a")
    assert streams.next_overview_page(ada.pk, 0).text != streams.next_overview_page(eve.pk, 0).text


async def test_a_stream_has_one_room_whoever_asks() -> None:
    hub = Hub()
    kinds = (streams.run_html, streams.run_json, streams.overview_html, streams.overview_json)
    rooms = []
    for kind in kinds:
        rooms.append(kind(hub, 1))
        rooms[-1].enter()
    assert [room.run for room in rooms] == [1, 1, None, None]
    assert [kind(hub, 1) for kind in kinds] == rooms
    assert streams.run_html(hub, 2) not in rooms
    for room in rooms:
        room.leave()
