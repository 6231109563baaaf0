"""Rooms and their hub: when frames are made, who gets which, and what happens to those that cannot be made."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from channels.layers import get_channel_layer
from django.db import connections

from dashboard.sockets import live
from dashboard.sockets.live import Frame, Hub, Room
from dashboard.sockets.pace import HTML_SECONDS, JSON_SECONDS, RESYNC_SECONDS
from runs import announce
from tests.dashboard.virtual_time import advance, settle

pytestmark = pytest.mark.virtual_time


class Source:
    """What a room shows: a number that grows, and how often it was looked at."""

    def __init__(self) -> None:
        self.seq = 1
        self.asked: list[int] = []
        self.broken = False

    def make(self, since: int) -> Frame | None:
        self.asked.append(since)
        if self.broken:
            raise OSError("the disk is gone")
        return Frame(since, self.seq, f"{since}-{self.seq}") if self.seq > since else None


@asynccontextmanager
async def entered(room: Room, seq: int = 0) -> AsyncIterator[Room]:
    room.enter(seq)
    try:
        await settle()
        yield room
    finally:
        room.leave()


async def test_a_room_works_only_while_somebody_is_in_it() -> None:
    source = Source()
    room = Room(source.make, HTML_SECONDS)
    room.hint()
    await advance(60)
    assert source.asked == []
    async with entered(room):
        assert source.asked == [0]
    room.hint()
    await advance(60)
    assert source.asked == [0]


async def test_a_change_after_a_quiet_time_is_shown_at_once() -> None:
    source = Source()
    async with entered(Room(source.make, HTML_SECONDS)) as room:
        await advance(1)
        source.seq = 2
        room.hint()
        await settle()
        assert [frame.text for frame in room.frames] == ["0-1", "1-2"]


async def test_however_many_changes_there_are_ten_frames_a_second_show_them() -> None:
    source = Source()
    async with entered(Room(source.make, HTML_SECONDS)) as room:
        for _ in range(1_000):
            source.seq += 1
            room.hint()
            await advance(0.001)
        assert 10 <= len(source.asked) <= 11  # the first one included
        await advance(HTML_SECONDS)
        assert room.seq == source.seq


async def test_a_change_while_a_frame_is_made_is_shown_by_the_next() -> None:
    source = Source()
    rooms: list[Room] = []

    def make(since: int) -> Frame | None:
        frame = source.make(since)
        if len(source.asked) == 1:
            source.seq = 2
            rooms[0].hint()
        return frame

    rooms.append(Room(make, HTML_SECONDS))
    async with entered(rooms[0]) as room:
        await advance(HTML_SECONDS)
        assert room.seq == 2


async def test_a_lost_hint_costs_fifteen_seconds_at_most() -> None:
    source = Source()
    async with entered(Room(source.make, JSON_SECONDS)) as room:
        source.seq = 2
        await advance(RESYNC_SECONDS - 0.1)
        assert room.seq == 1
        await advance(0.2)
        assert room.seq == 2


async def test_a_frame_that_could_not_be_made_is_tried_again_in_a_second(caplog: pytest.LogCaptureFixture) -> None:
    source = Source()
    source.broken = True
    async with entered(Room(source.make, JSON_SECONDS)) as room:
        await advance(3.5)
        assert len(source.asked) == 4
        source.broken = False
        await advance(1)
        assert room.seq == 1
    assert {record.message for record in caplog.records} == {"a frame could not be made"}


async def test_a_frame_that_does_not_say_all_is_followed_by_another() -> None:
    def make(since: int) -> Frame | None:
        return Frame(since, since + 10, "", partial=since + 10 < 35) if since < 35 else None

    async with entered(Room(make, JSON_SECONDS)) as room:
        await advance(4 * JSON_SECONDS)
        assert [frame.seq for frame in room.frames] == [10, 20, 30, 40]


async def test_a_frame_says_what_changed_since_the_tenth_last() -> None:
    source = Source()
    async with entered(Room(source.make, HTML_SECONDS, overlap=10, kept=10)) as room:
        for _ in range(14):
            source.seq += 1
            room.hint()
            await advance(HTML_SECONDS)
        assert source.asked == [0] + [1] * 10 + [2, 3, 4, 5]
        assert len(room.frames) == 10


async def test_a_reader_is_led_on_by_the_frame_that_begins_where_it_is() -> None:
    source = Source()
    async with entered(Room(source.make, JSON_SECONDS)) as room:
        for seq in (5, 9):
            source.seq = seq
            room.hint()
            await advance(JSON_SECONDS)
        found = [room.following(seq) for seq in (0, 1, 5)]
        assert [frame and frame.text for frame in found] == ["0-1", "1-5", "5-9"]
        assert [room.following(seq) for seq in (3, 9, 10)] == [None, None, None]


async def test_old_frames_go_by_number_and_by_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "KEPT_CHARACTERS", 1_000)
    sizes = iter([100] * 5 + [600, 600])

    def make(since: int) -> Frame:
        return Frame(since, since + 1, "x" * next(sizes), partial=True)

    async with entered(Room(make, JSON_SECONDS, kept=3)) as room:
        await advance(4.5 * JSON_SECONDS)
        assert [frame.seq for frame in room.frames] == [3, 4, 5]
        await advance(1.5 * JSON_SECONDS)
        assert [frame.seq for frame in room.frames] == [7]


async def test_a_stream_begins_where_its_first_reader_stands() -> None:
    source = Source()
    source.seq = 50
    async with entered(Room(source.make, JSON_SECONDS), 50) as room:
        source.seq = 51
        room.hint()
        await advance(JSON_SECONDS)
        assert [(frame.after, frame.seq) for frame in room.frames] == [(50, 50), (50, 51)]
        room.enter(40)
        room.leave()
        assert room.seq == 51


async def test_all_who_wait_are_woken_by_one_frame() -> None:
    source = Source()
    async with entered(Room(source.make, HTML_SECONDS)) as room:
        waiting = [asyncio.create_task(room.next_frame()) for _ in range(200)]
        await advance(1)
        assert not any(task.done() for task in waiting)
        source.seq = 2
        room.hint()
        await asyncio.wait(waiting)
        assert source.asked == [0, 1]


# ---- the hub ----


def room_of(hub: Hub, kind: str, about: int, source: Source, run: int | None) -> Room:
    return hub.room(kind, about, lambda: Room(source.make, JSON_SECONDS, run=run))


async def test_everyone_who_asks_for_a_stream_gets_the_same_room() -> None:
    hub, source = Hub(), Source()
    room = room_of(hub, "run", 1, source, 1)
    async with entered(room):
        assert room_of(hub, "run", 1, source, 1) is room
        assert room_of(hub, "run", 2, source, 2) is not room
        assert room_of(hub, "overview", 1, source, None) is not room
    assert room_of(hub, "run", 1, source, 1) is not room


async def test_a_hint_goes_to_the_rooms_of_its_run_and_to_overviews() -> None:
    hub, one, two, all_runs = Hub(), Source(), Source(), Source()
    async with (
        entered(room_of(hub, "run", 1, one, 1)),
        entered(room_of(hub, "run", 2, two, 2)),
        entered(room_of(hub, "overview", 1, all_runs, None)),
    ):
        await advance(1)
        announce.herald.tell(2)
        await advance(1)
        assert [len(source.asked) for source in (one, two, all_runs)] == [1, 2, 2]


async def test_hints_are_heard_again_after_the_group_was_lost() -> None:
    hub, source = Hub(), Source()
    layer = get_channel_layer()
    assert layer is not None
    async with entered(room_of(hub, "run", 1, source, 1)) as room:
        layer.groups.clear()  # as it does after a day, or a nap
        source.seq = 2
        announce.herald.tell(1)
        await advance(1)
        assert room.seq == 1
        await advance(RESYNC_SECONDS)
        source.seq = 3
        announce.herald.tell(1)
        await advance(1)
        assert room.seq == 3


async def test_a_layer_that_fails_is_listened_to_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    layer = get_channel_layer()
    assert layer is not None
    receive, failures = layer.receive, [OSError("connection refused")]

    async def fail_once(name: str) -> object:
        if failures:
            raise failures.pop()
        return await receive(name)

    monkeypatch.setattr(layer, "receive", fail_once)
    hub, source = Hub(), Source()
    async with entered(room_of(hub, "run", 1, source, 1)) as room:
        assert "the channel layer could not be heard" in caplog.text
        await advance(2)
        source.seq = 2
        announce.herald.tell(1)
        await advance(1)
        assert room.seq == 2


async def test_there_is_one_hub_a_process() -> None:
    assert live.hub() is live.hub()


# ---- reads ----


async def test_a_read_that_fails_leaves_no_broken_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[bool] = []
    monkeypatch.setattr(connections, "close_all", lambda: closed.append(True))

    def fail() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await live.in_thread(fail)
    assert await live.in_thread(pow, 2, 5) == 32
    assert closed == [True]
