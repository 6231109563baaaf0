"""Uvicorn, whose `send` waits for slow readers by itself, but whose goodbye would wait for them too."""

import asyncio
import socket
from contextlib import nullcontext
from typing import Any

import uvicorn
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from dashboard.server.stopping import Stopping

GOODBYE_SECONDS = 1.0  # then who has not taken it is cut off


class FirmSocket(WebSocketsSansIOProtocol):
    """A socket that can be closed although its reader takes nothing."""

    async def send(self, message: Any) -> None:
        if message["type"] == "websocket.close":
            self.writable.set()
            self.loop.call_later(GOODBYE_SECONDS, self.transport.abort)
        await super().send(message)


class Server(uvicorn.Server):
    """Its own handlers of signals would end the process before what is under way has been handed back."""

    capture_signals = nullcontext  # type: ignore[assignment]


def serve(application: Any, listener: socket.socket, stopping: Stopping) -> None:
    """Serves until it is asked to stop."""
    config = uvicorn.Config(
        application,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws=FirmSocket,
        ws_max_size=65_536,
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=2,
    )
    server = Server(config)

    def stop() -> None:
        server.should_exit = True

    stopping.tell(stop)
    # Not by `asyncio.run`: in the end that waits for threads whose requests nobody hears any more.
    asyncio.new_event_loop().run_until_complete(server.serve(sockets=[listener]))
