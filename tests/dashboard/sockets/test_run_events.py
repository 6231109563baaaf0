"""`/ws/runs/{id}/?format=json`: every event once and in order, whatever the reader's pace."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from dashboard.sockets import consumers, streams
from dashboard.sockets.live import hub
from dashboard.sockets.pace import JSON_SECONDS, RESYNC_SECONDS
from runs import announce, queries
from runs.engine import states
from runs.models import Event, Run
from tests.dashboard.sockets.clients import Headers, Socket, elsewhere, seqs
from tests.dashboard.virtual_time import advance
from tests.scenes import Scene, bump

pytestmark = [pytest.mark.virtual_time, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("sockets")]


def path(run: Scene, query: str = "format=json") -> str:
    return f"/ws/runs/{run.run_id}/?{query}"


def snapshot(run: Scene) -> dict[str, Any]:
    return queries.snapshot(run.run_id, run.now)


def counters(progress: dict[str, Any]) -> dict[str, Any]:
    """Those that do not move by themselves."""
    names = ("run", "seq", "status", "total", *states.Status, "agents_active", "waiting", "progress")
    return {name: progress[name] for name in names}


async def test_a_reader_gets_a_snapshot_and_then_every_event_once_and_in_order(run: Scene, me: Headers) -> None:
    socket = await Socket(path(run), me).open()
    (first,) = socket.messages()
    assert (first["type"], first["progress"]["pending"], first["from_seq"]) == (
        "snapshot",
        10,
        first["progress"]["seq"],
    )
    await elsewhere(run.start, "k0", "k1")
    await advance(1)
    await elsewhere(run.complete, "k0")
    await elsewhere(run.fail, "k1")
    await advance(1)
    messages = socket.messages()
    assert {message["type"] for message in messages} == {"events"}
    last = (await elsewhere(snapshot, run))["seq"]
    assert seqs(messages) == list(range(first["from_seq"] + 1, last + 1))
    await socket.leave()


async def test_after_each_action_the_last_message_says_what_a_fresh_snapshot_says(run: Scene, me: Headers) -> None:
    socket = await Socket(path(run), me).open()
    actions: list[Any] = [
        lambda: run.start("k0", "k1", "k2"),
        lambda: run.complete("k0"),
        lambda: run.fail("k1", retryable=True),
        lambda: run.lose("k2"),
        lambda: run.start("k2", agent="agent-2"),
        lambda: run.fail("k2"),
    ]
    for action in actions:
        await elsewhere(action)
        await advance(JSON_SECONDS)
        told, fresh = socket.messages()[-1]["progress"], await elsewhere(snapshot, run)
        assert counters(told) == counters(fresh)
    await socket.leave()


@pytest.mark.parametrize("back", [0, 1, 5, 10_000])
async def test_a_reader_who_comes_back_gets_every_event_it_missed(run: Scene, me: Headers, back: int) -> None:
    await elsewhere(run.start, *(f"k{number}" for number in range(10)))
    last = (await elsewhere(snapshot, run))["seq"]
    after = max(0, last - back)
    socket = await Socket(path(run, f"format=json&after={after}"), me).open()
    await elsewhere(run.complete, "k0")
    await advance(1)
    first, *events = socket.messages()
    assert (first["type"], first["from_seq"], first["progress"]["seq"]) == ("snapshot", after, last)
    assert seqs(events) == list(range(after + 1, last + 2))
    await socket.leave()


@pytest.mark.parametrize("after", ["", "x", "-1", "1.5", "٣", "%00", "9" * 19, "9" * 5_000])
async def test_an_after_that_is_no_seq_counts_as_not_given(run: Scene, me: Headers, after: str) -> None:
    socket = await Socket(path(run, f"format=json&after={after}"), me).open()
    (first,) = socket.messages()
    assert first["from_seq"] == first["progress"]["seq"]
    await socket.leave()


async def test_an_after_beyond_the_last_event_waits_for_the_next(run: Scene, me: Headers) -> None:
    socket = await Socket(path(run, f"format=json&after={10**17}"), me).open()
    (first,) = socket.messages()
    await elsewhere(run.start, "k0")
    await advance(1)
    assert seqs(socket.messages())[0] == first["from_seq"] + 1
    await socket.leave()


async def test_a_new_estimate_comes_without_events_once_to_all_who_watch(run: Scene, me: Headers) -> None:
    def expect(seconds: int) -> None:
        left = {name: timezone.now() + timedelta(seconds=seconds) for name in queries.ETA}
        Run.objects.filter(pk=run.run_id).update(**left, eta_confidence=0.8)
        announce.changed(run.run_id)

    await elsewhere(run.start, "k0")
    one, other = [await Socket(path(run), me).open() for _ in range(2)]
    one.messages(), other.messages()
    seq = (await elsewhere(snapshot, run))["seq"]
    for seconds in (1_000, 500):
        await elsewhere(expect, seconds)
        await advance(3 * RESYNC_SECONDS)
        for socket in (one, other):
            (told,) = socket.messages()
            assert (told["type"], told["events"], told["progress"]["seq"]) == ("events", [], seq)
            assert told["progress"]["eta_seconds"] == pytest.approx(seconds, abs=60)
    await elsewhere(run.complete, "k0")
    await advance(1)
    assert seqs(one.messages())[0] == seq + 1
    await one.leave()
    await other.leave()


async def test_estimates_that_follow_close_upon_each_other_come_as_one(run: Scene, me: Headers) -> None:
    def expect() -> None:
        for seconds in range(20):
            left = {name: timezone.now() + timedelta(seconds=seconds) for name in queries.ETA}
            Run.objects.filter(pk=run.run_id).update(**left)
            announce.changed(run.run_id)

    socket = await Socket(path(run), me).open()
    socket.messages()
    await elsewhere(expect)
    await advance(JSON_SECONDS)
    assert len(socket.messages()) <= 2
    await socket.leave()


async def test_an_after_that_was_trimmed_begins_anew_and_says_from_where(run: Scene, me: Headers) -> None:
    def trim() -> None:
        run.start("k0", "k1")
        Event.objects.filter(run=run.run_id, seq__lte=3).delete()
        Run.objects.filter(pk=run.run_id).update(trim_seq=3)

    await elsewhere(trim)
    socket = await Socket(path(run, "format=json&after=1"), me).open()
    (first,) = socket.messages()
    assert (first["type"], first["from_seq"]) == ("snapshot", first["progress"]["seq"])
    await socket.leave()


async def test_more_events_than_fit_in_a_message_come_in_several(
    run: Scene, me: Headers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams.next_events, "__defaults__", (None, 3))
    await elsewhere(run.start, *(f"k{number}" for number in range(10)))
    old = await Socket(path(run, "format=json&after=0"), me).open()
    new = await Socket(path(run), me).open()
    await elsewhere(run.complete, *(f"k{number}" for number in range(10)))
    await advance(1)
    last = (await elsewhere(snapshot, run))["seq"]
    assert seqs(old.messages()) == list(range(1, last + 1))
    (first, *events) = new.messages()
    assert seqs(events) == list(range(first["from_seq"] + 1, last + 1))
    assert max(len(message["events"]) for message in events) == 3
    await old.leave()
    await new.leave()


async def test_two_hundred_readers_cost_one_look_at_the_run(
    run: Scene, me: Headers, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[int] = []
    look = queries.events_after

    def counted(run_id: int, seq: int, **options: Any) -> Any:
        looks.append(seq)
        return look(run_id, seq, **options)

    sockets = [await Socket(path(run), me).open() for _ in range(200)]
    monkeypatch.setattr(queries, "events_after", counted)
    for socket in sockets:
        socket.texts()
    await elsewhere(run.start, "k0")
    await advance(1)
    assert len(looks) == 1
    texts = [socket.texts() for socket in sockets]
    assert len(texts[0]) == 1
    assert all(text == texts[0] for text in texts)
    for socket in sockets:
        await socket.leave()


def deafen() -> None:
    """All hints are lost from here on."""
    ear = hub()._ear
    assert ear is not None
    ear.cancel()


async def test_a_change_that_nobody_told_of_comes_within_fifteen_seconds(run: Scene, me: Headers) -> None:
    socket = await Socket(path(run), me).open()
    (first,) = socket.messages()
    deafen()
    await elsewhere(run.start, "k0", "k1")
    await advance(1)
    assert socket.messages() == []
    await advance(RESYNC_SECONDS)
    assert seqs(socket.messages()) == list(range(first["from_seq"] + 1, (await elsewhere(snapshot, run))["seq"] + 1))
    await socket.leave()


# ---- slow readers ----


async def test_a_program_that_was_slow_still_gets_every_event(run: Scene, me: Headers) -> None:
    socket = await Socket(path(run), me, room=1).open()
    (first,) = socket.messages()
    for _ in range(150):
        await elsewhere(bump, run)
        await advance(0.02)
    messages = []
    while new := socket.messages():
        messages += new
        await advance(1)
    fresh = await elsewhere(snapshot, run)
    assert seqs(messages) == list(range(first["from_seq"] + 1, fresh["seq"] + 1))
    assert counters(messages[-1]["progress"]) == counters(fresh)
    await socket.leave()


async def test_a_program_that_fell_far_behind_gets_a_snapshot_and_goes_on(
    run: Scene, me: Headers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumers, "FAR_BEHIND", 20)
    monkeypatch.setattr("dashboard.sockets.live.KEPT_CHARACTERS", 1)
    socket = await Socket(path(run), me, room=1).open()
    socket.texts()
    for _ in range(60):
        await elsewhere(bump, run)
        await advance(0.1)
    messages = socket.messages()
    await advance(1)
    messages += socket.messages()
    await elsewhere(bump, run)
    await advance(1)
    messages += socket.messages()
    await advance(1)
    messages += socket.messages()
    last = (await elsewhere(snapshot, run))["seq"]
    (fresh,) = [message for message in messages if message["type"] == "snapshot"]
    after_it = messages[messages.index(fresh) + 1 :]
    assert fresh["from_seq"] == fresh["progress"]["seq"] == last - 1
    assert seqs(after_it) == [last]
    await socket.leave()
