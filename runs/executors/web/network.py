"""Connections to addresses that have been checked, and a job's work on them, which ends when the job must.

A name is resolved once for a connection; all its addresses are checked, and the connection goes to one of those: what
the name comes to mean a moment later does not matter.
"""

import asyncio
import contextlib
import ssl
from collections.abc import Coroutine, Iterable
from typing import Any, TypeVar

import httpcore2

from runs.executors.base import Job, Stopped
from runs.executors.web.addresses import Allowed, Resolver, ask_system, resolve

T = TypeVar("T")


class TooLarge(Exception):
    """More came over a connection than it may."""


class Checked(httpcore2.AsyncNetworkBackend):
    """Connects where `allowed` lets it (None: anywhere). A connection carries `max_bytes` towards us at most."""

    def __init__(self, allowed: Allowed | None, max_bytes: int, resolver: Resolver = ask_system) -> None:
        self._allowed = allowed
        self._max_bytes = max_bytes
        self._resolver = resolver
        self._plain = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Raises Refused, OSError and httpcore2's errors."""
        found = await resolve(self._resolver, host, port)
        addresses = found if self._allowed is None else self._allowed.check(host, found)
        problem: Exception = OSError(f"{host} has no address")
        for address in addresses:
            try:
                stream = await self._plain.connect_tcp(address, port, timeout, local_address, socket_options)
                return _Counted(stream, self._max_bytes)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                problem = error
        raise problem

    async def connect_unix_socket(self, *_: Any, **__: Any) -> httpcore2.AsyncNetworkStream:
        raise OSError("no request goes to a Unix socket")

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class _Counted(httpcore2.AsyncNetworkStream):
    """A stream that breaks off when too much has come, of headers, chunks or whatever."""

    def __init__(self, stream: httpcore2.AsyncNetworkStream, left: int) -> None:
        self._stream = stream
        self._left = left

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        data = await self._stream.read(max_bytes, timeout)
        self._left -= len(data)
        if self._left < 0:
            raise TooLarge
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.AsyncNetworkStream:
        return _Counted(await self._stream.start_tls(ssl_context, server_hostname, timeout), self._left)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def work(job: Job, doing: Coroutine[Any, Any, T]) -> T:
    """Does it in an event loop of its own. Raises Stopped, with all connections closed, as soon as the job must end."""
    try:
        return asyncio.run(_until_stopped(job, doing))
    finally:
        job.on_stop(None)


async def _until_stopped(job: Job, doing: Coroutine[Any, Any, T]) -> T:
    loop = asyncio.get_running_loop()
    task = asyncio.ensure_future(doing)

    def stop() -> None:
        with contextlib.suppress(RuntimeError):  # it is over
            loop.call_soon_threadsafe(task.cancel)

    job.on_stop(stop)
    try:
        return await asyncio.wait_for(task, job.remaining() + 0.01)  # not before its time is up
    except (asyncio.CancelledError, TimeoutError):
        if why := job.stopping:
            raise Stopped(why) from None
        raise
