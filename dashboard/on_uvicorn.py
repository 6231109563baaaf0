"""Uvicorn, whose `send` waits for slow readers by itself, but whose goodbye would wait for them too."""

import socket
from typing import Any

import uvicorn
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

GOODBYE_SECONDS = 1.0  # then who has not taken it is cut off


class FirmSocket(WebSocketsSansIOProtocol):
    """A socket that can be closed although its reader takes nothing."""

    async def send(self, message: Any) -> None:
        if message["type"] == "websocket.close":
            self.writable.set()
            self.loop.call_later(GOODBYE_SECONDS, self.transport.abort)
        await super().send(message)


def serve(application: Any, listener: socket.socket) -> None:
    """Serves until SIGINT or SIGTERM."""
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
    uvicorn.Server(config).run(sockets=[listener])
