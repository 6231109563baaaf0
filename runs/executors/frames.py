"""JSON messages between the server and its child processes: four bytes of length, then the message.

Standard library only: the children start without Django.
"""

import json
import socket
import struct
from typing import Any

_LENGTH = struct.Struct("!I")
MAX_BYTES = 64 * 1024 * 1024


class Garbled(Exception):
    """This is not a message: its length is out of bounds, or it is no JSON."""


def send(channel: socket.socket, message: Any) -> None:
    """Raises OSError when nobody takes it, Garbled when it is too large to be taken."""
    data = json.dumps(message).encode()
    if len(data) > MAX_BYTES:
        raise Garbled(f"a message of {len(data)} bytes")
    channel.sendall(_LENGTH.pack(len(data)) + data)


def receive(channel: socket.socket) -> Any:
    """The next message, waiting for it; None when the other side is gone."""
    buffer = Buffer()
    while not buffer.complete:
        chunk = channel.recv(min(buffer.missing, 1024 * 1024))
        if not chunk:
            return None
        buffer.add(chunk)
    return buffer.take()


class Buffer:
    """A message that comes in pieces. `missing` bytes may be added at least before it is complete."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._data = bytearray()
        self._max_bytes = max_bytes

    @property
    def missing(self) -> int:
        if len(self._data) < _LENGTH.size:
            return _LENGTH.size - len(self._data)
        return _LENGTH.size + self._length() - len(self._data)

    @property
    def complete(self) -> bool:
        return len(self._data) >= _LENGTH.size and self.missing <= 0

    def add(self, chunk: bytes) -> None:
        self._data += chunk
        if len(self._data) >= _LENGTH.size and self._length() > self._max_bytes:
            raise Garbled(f"a message of {self._length()} bytes")

    def take(self) -> Any:
        """The message; what came after it stays."""
        end = _LENGTH.size + self._length()
        data = bytes(self._data[_LENGTH.size : end])
        del self._data[:end]
        try:
            return json.loads(data)
        except (ValueError, RecursionError) as error:
            raise Garbled("no JSON") from error

    def _length(self) -> int:
        return int(_LENGTH.unpack_from(self._data)[0])
