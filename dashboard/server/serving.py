"""The server process: a free port, a lock on the home folder, and daphne or uvicorn on the socket."""

import errno
import fcntl
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from dashboard.server.stopping import Stopping
from runs import garbage

TRIES = 50
HIGHEST_PORT = 65_535
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - not bound here, but named


class CannotServe(Exception):
    """Why the server cannot start, for a person to read."""


@contextmanager
def home_lock(home: Path) -> Iterator[None]:
    """Holds the home folder for this process: two servers on one SQLite file would fight over it."""
    try:
        handle = os.open(home / "server.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise CannotServe(f"{home} cannot be written: {error.strerror}") from None
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            where = running_url(home)
            at = f", at {where}" if where else ""
            raise CannotServe(f"another server is running on {home} already{at}") from None
        yield
    finally:
        os.close(handle)


def bind(host: str, port: int, *, take_next: bool, shared: bool = False) -> socket.socket:
    """A listening socket. `take_next`: when the port is taken, the next free one is as good. `shared`: others who say
    so too listen on the same one, and the system spreads connections over them."""
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (OSError, UnicodeError) as error:  # no name of a host has such characters, or is so long
        raise CannotServe(f"cannot listen on {host}: {getattr(error, 'strerror', 'no name of a host')}") from None
    last = min(port + TRIES - 1, HIGHEST_PORT) if take_next else port
    for candidate in range(port, last + 1):
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Connections inherit it. Without, the body of an answer waits until the client has acknowledged its head.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if shared:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        try:
            listener.bind((address[0], candidate, *address[2:]))
            listener.listen(1024)
        except OSError as error:
            listener.close()
            if candidate == last or error.errno != errno.EADDRINUSE:
                raise CannotServe(f"cannot listen on {host}:{candidate}: {error.strerror}") from None
        else:
            listener.set_inheritable(False)
            return listener
    raise CannotServe(f"{port} is no port")


def url_of(host: str, port: int) -> str:
    """Where a browser on this machine finds what listens on `host`, which may be all addresses there are."""
    name = _EVERYWHERE.get(host, host)
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


@contextmanager
def remembered(home: Path, url: str) -> Iterator[None]:
    """Tells other commands of this home where the server answers, until it ends, however it ends."""
    written = home / "server.json.new"
    with written.open("w", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # whoever can lock the file knows that the server is gone
        json.dump({"url": url, "pid": os.getpid()}, file)
        file.flush()
        written.replace(home / "server.json")
        yield


def running_url(home: Path) -> str | None:
    """Where the server of this home answers. None: there is none, or it does not answer yet."""
    try:
        with (home / "server.json").open(encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return str(json.load(file)["url"])
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return None


def serve(server: str, application: Any, listener: socket.socket, stopping: Stopping) -> None:
    """Serves until it is asked to stop. `server`: "daphne" or "uvicorn"; only the one that is wanted is imported."""
    on = import_module(f"dashboard.server.on_{server}")
    garbage.look_seldom()
    on.serve(application, listener, stopping)
