"""Daphne with patience: what a reader does not take is not piled up in memory, and every close code goes out."""

import asyncio
import socket
import time
from functools import lru_cache
from typing import Any

from daphne.endpoints import build_endpoint_description_strings
from daphne.server import Server
from daphne.ws_protocol import WebSocketProtocol
from twisted.internet import defer, reactor  # after daphne, which chooses it

from dashboard.server.stopping import Stopping

GOODBYE_SECONDS = 2  # for requests that were begun, and for sockets
FRAMES = 8  # the newest texts that are kept as frames: many readers get each


class PatientSocket(WebSocketProtocol):
    """A socket that knows whether its reader keeps up: the transport tells it, at 64 KiB of unsent bytes."""

    def __init__(self) -> None:
        super().__init__()
        self.writable = asyncio.Event()
        self.writable.set()

    def serverSend(self, content: Any, binary: bool = False) -> None:  # noqa: N802
        """What goes to many sockets is put into its frame once for all of them."""
        if binary or self.state != self.STATE_OPEN or self.send_queue:
            super().serverSend(content, binary)
            return
        data = self.factory.framed(content)
        sent = self.transport.writeSomeData(data) if self._idle() else 0
        self.transport.write(data[sent:] if isinstance(sent, int) else data)  # or it says that the connection is lost

    def _idle(self) -> bool:
        """Nothing waits to be sent: what the system takes at once need not go through a turn of the reactor."""
        transport = self.transport
        return transport.connected and not transport.dataBuffer and not transport._tempDataBuffer

    def onOpen(self) -> None:  # noqa: N802  (the names are Twisted's and Autobahn's)
        super().onOpen()
        self.unregisterProducer()  # the HTTP channel that the socket grew from
        self.registerProducer(self, True)

    def pauseProducing(self) -> None:  # noqa: N802
        self.writable.clear()

    def resumeProducing(self) -> None:  # noqa: N802
        self.writable.set()

    def stopProducing(self) -> None:  # noqa: N802
        self.writable.set()

    def onClose(self, *said: Any) -> None:  # noqa: N802
        super().onClose(*said)
        self.writable.set()

    def serverClose(self, code: int | None = None) -> None:  # noqa: N802
        """Autobahn's `sendClose` takes no code below 3000 but 1000. It cuts off who does not answer within a second."""
        self.sendCloseFrame(code=1000 if code is None else code)


class PatientServer(Server):
    """Daphne's own `send` never waits."""

    def __init__(self, application: Any, listener: socket.socket) -> None:
        super().__init__(
            application=application,
            # Detached: it closes the handle it is given; if we closed it too, that might be somebody else's by then.
            endpoints=build_endpoint_description_strings(file_descriptor=listener.detach()),
            signal_handlers=False,
            server_name="abreast",
            websocket_max_message_size=65_536,
            websocket_max_frame_size=65_536,
            application_close_timeout=GOODBYE_SECONDS,
            ready_callable=self._ready,
        )

    def _ready(self) -> None:
        self.ws_factory.protocol = PatientSocket
        self.ws_factory.framed = lru_cache(FRAMES)(self._framed)

    def _framed(self, text: str) -> bytes:
        prepared = self.ws_factory.prepareMessage(text.encode(), isBinary=False, doNotCompress=True)
        return bytes(prepared.payloadHybi)

    def kill_all_applications(self) -> defer.Deferred[None]:
        """Daphne's own waits for threads, too, until the request of each is answered, which nobody hears any more."""
        ended: defer.Deferred[None] = defer.Deferred()

        def end(_: Any = None) -> None:
            if not ended.called:
                ended.callback(None)

        super().kill_all_applications().addBoth(end)
        asyncio.get_running_loop().call_later(GOODBYE_SECONDS, end)
        return ended

    async def handle_reply(self, protocol: Any, message: Any) -> None:
        if message["type"] == "websocket.send":
            await protocol.writable.wait()
        await super().handle_reply(protocol, message)


def serve(application: Any, listener: socket.socket, stopping: Stopping) -> None:
    """Serves until it is asked to stop."""
    # Else whoever sets the clock cuts off all clients, or holds all timers up.
    reactor.seconds = time.monotonic  # type: ignore[method-assign]
    server = PatientServer(application, listener)
    stopping.tell(lambda: reactor.callFromThread(server.stop))
    server.run()
