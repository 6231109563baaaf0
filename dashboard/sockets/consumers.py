"""The sockets: each checks who asks, enters a room, and sends its frames until the reader or the right is gone."""

import asyncio
import contextlib
import logging
from abc import ABC, abstractmethod
from typing import Any
from urllib.parse import parse_qs

from channels.generic.websocket import AsyncWebsocketConsumer

from dashboard.sockets import pace, streams
from dashboard.sockets.live import Frame, Room, hub, in_thread
from runs import access
from runs.orchestrating import load

UNAUTHENTICATED, FORBIDDEN, TRY_LATER, FAULT, GOING_AWAY = 4401, 4403, 1013, 1011, 1001
RECHECK_SECONDS = 30.0
GOODBYE_SECONDS = 2.0
FAR_BEHIND = 2_000  # events
LONGEST_SEQ = 18  # digits

log = logging.getLogger(__name__)


class Gone(Exception):
    """The reader takes nothing any more, or may not."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class StreamConsumer(AsyncWebsocketConsumer, ABC):
    """A read-only socket. Subclasses say what may be seen and which room to enter."""

    channel_layer_alias = ""  # there is none: the hub listens for all sockets of the process

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self._living: list[asyncio.Task[None]] = []
        load.SOCKETS.add(self)
        try:
            await super().__call__(scope, receive, send)
        finally:
            load.SOCKETS.discard(self)
            for task in self._living:
                task.cancel()

    async def connect(self) -> None:
        await self.accept()
        self._living.append(asyncio.create_task(self._live()))

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Nothing is taken from clients."""

    async def _live(self) -> None:
        code = FAULT
        try:
            await self._check()
            async with asyncio.TaskGroup() as together:
                together.create_task(self._recheck())
                together.create_task(self.pump())
        except* Gone as gone:
            code = next(one.code for one in gone.exceptions if isinstance(one, Gone))
        except* Exception:
            log.exception("the socket %s failed", self.scope["path"])
        with contextlib.suppress(OSError):  # that includes TimeoutError
            async with asyncio.timeout(GOODBYE_SECONDS):
                await self.close(code)

    async def _check(self) -> None:
        principal = await in_thread(access.of_scope, self.scope)
        if principal is None:
            raise Gone(UNAUTHENTICATED)
        self.principal = principal
        if not await in_thread(self.may_see):
            raise Gone(FORBIDDEN)

    async def _recheck(self) -> None:
        """A right that was lost ends the socket, within half a minute."""
        while True:
            await asyncio.sleep(RECHECK_SECONDS)
            await self._check()

    async def write(self, text: str) -> None:
        """Sends, and waits for a slow reader only so long."""
        try:
            async with asyncio.timeout(pace.STALLED_SECONDS):
                await self.send(text_data=text)
        except TimeoutError:
            raise Gone(TRY_LATER) from None
        except OSError:  # the server says so: the client has gone
            raise Gone(GOING_AWAY) from None

    @property
    def query(self) -> dict[str, str]:
        return {name: values[-1] for name, values in parse_qs(self.scope["query_string"].decode("latin-1")).items()}

    @property
    def wants_json(self) -> bool:
        return self.query.get("format", "html") == "json"

    async def pump_newest(self, room: Room) -> None:
        """Sends the newest frame whenever there is one; those made meanwhile are skipped."""
        shown: Any = None
        room.enter()
        try:
            while True:
                if room.frames and room.frames[-1] is not shown:
                    shown = room.frames[-1]
                    await self.write(shown.text)
                else:
                    await room.next_frame()
        finally:
            room.leave()

    @abstractmethod
    def may_see(self) -> bool:
        """Whether whoever asks may see what is sent here."""

    @abstractmethod
    async def pump(self) -> None:
        """Sends, for as long as the socket is open."""


class Unknown(AsyncWebsocketConsumer):
    """Any other path: refused in the handshake."""

    channel_layer_alias = ""

    async def connect(self) -> None:
        await self.close()


class RunConsumer(StreamConsumer):
    """`/ws/runs/{id}/`: frames of one run, or its events from `after` on."""

    @property
    def run_id(self) -> int:
        return self.scope["url_route"]["kwargs"]["run_id"]

    @property
    def after(self) -> int | None:
        """The seq a reader has seen everything up to. What is no number counts as not given."""
        text = self.query.get("after", "")
        return int(text) if text.isascii() and text.isdigit() and len(text) <= LONGEST_SEQ else None

    def may_see(self) -> bool:
        return access.visible_runs(self.principal).filter(pk=self.run_id).exists()

    async def pump(self) -> None:
        if self.wants_json:
            await self._pump_events()
        else:
            await self.pump_newest(streams.run_html(hub(), self.run_id))

    async def _pump_events(self) -> None:
        first = await in_thread(streams.first_frame, self.run_id, self.after)
        await self.write(first.text)
        seq, followed = first.after, False
        room = streams.run_json(hub(), self.run_id)
        room.enter(first.seq)
        shown = room.frames[-1] if room.frames else None  # what was said before is in the snapshot
        try:
            while True:
                if seq < room.seq:
                    frame = await self._following(room, seq, followed)
                    seq = frame.seq
                    await self.write(frame.text)
                elif seq == room.seq and (renewed := room.renewed(shown)):
                    shown = renewed
                    await self.write(renewed.text)
                else:
                    followed = True
                    await room.next_frame()
        finally:
            room.leave()

    async def _following(self, room: Room, seq: int, followed: bool) -> Frame:
        """What comes after `seq`: the room's frame, or for a reader who is behind its own read of the log.

        One who had followed and fell far behind gets a snapshot instead of the backlog.
        """
        if frame := room.following(seq):
            return frame
        if followed and room.seq - seq > FAR_BEHIND:
            return await in_thread(streams.snapshot_frame, self.run_id)
        return await in_thread(streams.events_frame, self.run_id, seq, room.seq)


class OverviewConsumer(StreamConsumer):
    """`/ws/overview/`: all runs that have not ended. `format=list`: only that there is something new."""

    def may_see(self) -> bool:
        return self.principal.run_id is None and self.principal.scope != "agent"

    async def pump(self) -> None:
        make = _OVERVIEWS.get(self.query.get("format", "html"), streams.overview_html)
        await self.pump_newest(make(hub(), self.principal.owner_id))


_OVERVIEWS = {"json": streams.overview_json, "list": streams.lists_html}
