"""The live view's engine: one hub a process, one room a stream, one render for all who watch it.

A room makes a frame when its run has changed, at its own pace, and every socket sends the newest frame it has not sent.
Nobody is waited for: a slow reader just skips frames (they are absolute) or, for events, reads on from the database.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from channels.layers import get_channel_layer
from django.db import connections

from dashboard.sockets.pace import RESYNC_SECONDS, TRY_AGAIN_SECONDS, Beat
from runs import announce

READERS = 2
KEPT_FRAMES = 256
KEPT_CHARACTERS = 4 * 1024 * 1024

log = logging.getLogger(__name__)
readers = ThreadPoolExecutor(READERS, thread_name_prefix="live")
Read = TypeVar("Read")


async def in_thread(read: Callable[..., Read], *arguments: Any) -> Read:
    """Runs a database read off the event loop, on a thread that keeps its connection."""
    return await asyncio.get_running_loop().run_in_executor(readers, _guarded, read, *arguments)


def _guarded(read: Callable[..., Read], *arguments: Any) -> Read:
    try:
        return read(*arguments)
    except Exception:
        connections.close_all()  # it may be the connection that is broken
        raise


@dataclass(frozen=True, slots=True)
class Frame:
    """One message, encoded once. It takes a reader from `after` to `seq`, which are the same where it only says anew
    what stands. `partial`: there was more to say."""

    after: int
    seq: int
    text: str
    partial: bool = False


# Makes the next frame of a stream, given the seq of an earlier one; None when there is nothing new to say.
Make = Callable[[int], "Frame | None"]


class Room:
    """One stream of frames, and those who wait for the next. It works only while somebody is in it."""

    def __init__(
        self, make: Make, interval: float, *, run: int | None = None, overlap: int = 1, kept: int = KEPT_FRAMES
    ) -> None:
        """`run`: the only one it shows. `overlap`: a frame says what changed since the `overlap`-th last one, so that
        readers may skip some. `kept`: so many frames stay for those who are a little behind."""
        self.run = run
        self._make = make
        self._overlap = overlap
        self._kept = kept
        self._beat = Beat(interval)
        self._woken = asyncio.Event()
        self._made = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._size = 0
        self.members = 0
        self.frames: deque[Frame] = deque()

    @property
    def seq(self) -> int:
        """How far the newest frame takes a reader; 0 before the first."""
        return self.frames[-1].seq if self.frames else 0

    def hint(self) -> None:
        """What it shows may have changed."""
        if not self._beat.dirty:
            self._beat.hint()
            self._woken.set()

    def enter(self, seq: int = 0) -> None:
        """`seq`: the stream begins here, if nobody is in the room yet."""
        if self.members == 0:
            self.frames.clear()
            self._size = 0
            if seq:
                self._keep(Frame(seq, seq, ""))
            self._task = asyncio.create_task(self._work())
        self.members += 1

    def leave(self) -> None:
        self.members -= 1
        if self.members == 0 and self._task is not None:
            self._task.cancel()
            self._task = None

    async def next_frame(self) -> None:
        """Waits until another frame has been made."""
        await self._made.wait()

    def following(self, seq: int) -> Frame | None:
        """The frame that takes a reader on from `seq`, if it is still kept."""
        return next((frame for frame in reversed(self.frames) if frame.after == seq < frame.seq), None)

    def renewed(self, shown: Frame | None) -> Frame | None:
        """The newest frame, if it takes nobody further and is not the one shown."""
        newest = self.frames[-1] if self.frames else None
        return newest if newest and newest is not shown and newest.after == newest.seq else None

    async def _work(self) -> None:
        clock = asyncio.get_running_loop().time
        while True:
            self._woken.clear()
            if wait := self._beat.due_in(clock()):
                await _first(self._woken, wait)
                continue  # a hint may have made it due earlier
            self._beat.made(clock())
            try:
                await self._make_one()
            except Exception:
                log.exception("a frame could not be made")
                self._beat.failed(clock())

    async def _make_one(self) -> None:
        since = self.frames[-min(self._overlap, len(self.frames))].seq if self.frames else 0
        frame = await in_thread(self._make, since)
        if frame is None:
            return
        self._keep(frame)
        if frame.partial:
            self.hint()
        made, self._made = self._made, asyncio.Event()
        made.set()

    def _keep(self, frame: Frame) -> None:
        self.frames.append(frame)
        self._size += len(frame.text)
        while len(self.frames) > self._kept or (self._size > KEPT_CHARACTERS and len(self.frames) > self._overlap):
            self._size -= len(self.frames.popleft().text)


async def _first(event: asyncio.Event, seconds: float) -> None:
    """Waits for the event, but only so long."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        pass


class Hub:
    """The rooms of this process, by what they show, and the ear on the channel layer."""

    def __init__(self) -> None:
        self._rooms: dict[tuple[str, int], Room] = {}
        self._ear: asyncio.Task[None] | None = None

    def room(self, kind: str, about: int, make: Callable[[], Room]) -> Room:
        """The room of that kind about that run or owner; made when nobody is in one."""
        self._listen()
        key = (kind, about)
        if key not in self._rooms or self._rooms[key].members == 0:
            self._rooms = {name: room for name, room in self._rooms.items() if room.members}
            self._rooms[key] = make()
        return self._rooms[key]

    def _listen(self) -> None:
        if self._ear is None or self._ear.done():
            loop = asyncio.get_running_loop()
            self._ear = loop.create_task(self._hear())
            announce.herald.attach(loop)

    async def _hear(self) -> None:
        while True:
            try:
                layer = get_channel_layer()
                name = await layer.new_channel()
                async with asyncio.TaskGroup() as together:
                    together.create_task(_stay(layer, name))
                    together.create_task(self._take_hints(layer, name))
            except Exception:
                log.exception("the channel layer could not be heard; trying again")
                await asyncio.sleep(TRY_AGAIN_SECONDS)

    async def _take_hints(self, layer: Any, name: str) -> None:
        while True:
            runs = set((await layer.receive(name))["runs"])
            for room in self._rooms.values():
                if room.run is None or room.run in runs:
                    room.hint()


async def _stay(layer: Any, name: str) -> None:
    """Keeps a channel in the group: layers drop members after a day, and those that slept over a message."""
    while True:
        await layer.group_add(announce.GROUP, name)
        await asyncio.sleep(RESYNC_SECONDS)


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def hub() -> Hub:
    """The hub of the running event loop."""
    return _hubs.setdefault(asyncio.get_running_loop(), Hub())
