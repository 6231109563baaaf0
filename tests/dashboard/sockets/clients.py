"""Sockets as clients open them, over the application that the server calls."""

import asyncio
import json
from collections.abc import Callable
from typing import Any, TypeVar

from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from dashboard.asgi import application
from tests.dashboard.virtual_time import settle

HOST = "127.0.0.1:8000"
T = TypeVar("T")
Headers = list[tuple[bytes, bytes]]


async def elsewhere(do: Callable[..., T], *arguments: Any) -> T:
    """Does it in a thread and on a connection of its own, as a request would, and lets everyone hear of it."""

    def there() -> T:
        try:
            return do(*arguments)
        finally:
            connection.close()

    found = await asyncio.to_thread(there)
    await settle()
    return found


def by_token(token: str) -> Headers:
    return [(b"authorization", f"Bearer {token}".encode())]


def by_cookie(user: User, origin: str = f"http://{HOST}") -> Headers:
    """What the browser of someone who is signed in sends along."""
    client = Client()
    client.force_login(user)
    cookie = f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"
    return [(b"cookie", cookie.encode()), (b"origin", origin.encode())]


class Socket(WebsocketCommunicator):  # type: ignore[misc]  # it has no types
    """A client. `room`: so many messages does it take before it stalls; all when left out."""

    def __init__(self, path: str, headers: Headers, host: str = HOST, room: int = 0) -> None:
        super().__init__(application, path, [(b"host", host.encode()), *headers])
        self.scope["server"] = ["127.0.0.1", 8000]
        self._output_queue: asyncio.Queue[Any] = asyncio.Queue(room)
        self.code: int | None = None

    async def open(self) -> "Socket":
        """Raises AssertionError when the handshake is refused."""
        accepted, _ = await self.connect()
        assert accepted, "the handshake was refused"
        await settle()
        return self

    def texts(self) -> list[str]:
        """The messages that have come and were not read yet; what closed the socket is kept in `code`."""
        found = []
        while not self._output_queue.empty():
            message = self._output_queue.get_nowait()
            if message["type"] == "websocket.close":
                self.code = message["code"]
            else:
                found.append(message["text"])
        return found

    def messages(self) -> list[dict[str, Any]]:
        """The same, read as JSON."""
        return [json.loads(text) for text in self.texts()]

    def closed(self) -> int | None:
        """The code it was closed with, if it was."""
        self.texts()
        return self.code

    async def leave(self) -> None:
        await self.disconnect()
        await settle()


def seqs(messages: list[dict[str, Any]]) -> list[int]:
    """The seqs of all events in these messages, in order."""
    return [event["seq"] for message in messages if message["type"] == "events" for event in message["events"]]
