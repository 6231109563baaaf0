"""Messages between the server and its children."""

import json
import socket
import struct
from collections.abc import Iterator
from typing import Any

import pytest

from runs.executors import frames


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def test_messages_arrive_whole_and_in_order(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    messages: list[Any] = [{"a": ["ä", None, 1.5]}, "", [], {"large": "x" * 50_000}]
    for message in messages:
        frames.send(ours, message)
        assert frames.receive(theirs) == message


@pytest.mark.parametrize("sent", [b"", b"\0\0", struct.pack("!I", 10) + b'"half'])
def test_a_message_that_breaks_off_is_none(pair: tuple[socket.socket, socket.socket], sent: bytes) -> None:
    ours, theirs = pair
    ours.sendall(sent)
    ours.close()
    assert frames.receive(theirs) is None


@pytest.mark.parametrize(
    "sent",
    [
        struct.pack("!I", frames.MAX_BYTES + 1),
        b"\xff" * 64,
        struct.pack("!I", 3) + b"{]}",
        struct.pack("!I", 2) + b"\xff\xff",
        struct.pack("!I", 200_000) + b"[" * 200_000,
    ],
)
def test_what_is_no_message_is_garbled(sent: bytes) -> None:
    buffer = frames.Buffer()
    with pytest.raises(frames.Garbled):
        buffer.add(sent)
        buffer.take()


def test_too_large_a_message_is_not_sent(
    pair: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frames, "MAX_BYTES", 10)
    with pytest.raises(frames.Garbled):
        frames.send(pair[0], "x" * 10)


def test_pieces_of_any_size_add_up() -> None:
    data = b"".join(struct.pack("!I", len(text)) + text for text in (json.dumps(n).encode() for n in ("one", [2], 3)))
    for size in range(1, len(data) + 1):
        buffer, found = frames.Buffer(), []
        for at in range(0, len(data), size):
            buffer.add(data[at : at + size])
            while buffer.complete:
                found.append(buffer.take())
        assert found == ["one", [2], 3]
