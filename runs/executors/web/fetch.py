"""Requests of HTTP, bounded in everything: time, bytes, redirects, and what unpacking them gives.

Nothing of ours goes along but the request: no cookies, no credentials, no proxy, no referrer.
"""

import ssl
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache

import httpcore2
import httpx2

from runs.executors.web.addresses import Allowed, Resolver, ask_system
from runs.executors.web.network import Checked, TooLarge

MAX_BYTES = 1024 * 1024
MAX_SECONDS = 30.0
MAX_REDIRECTS = 3
MAX_URL = 4_000
_HEADERS_BYTES = 256 * 1024  # beside the body
_REDIRECTS = {301, 302, 303, 307, 308}
_UNPACKED = {"gzip": 31, "x-gzip": 31, "deflate": 15}  # by zlib's word for the format


class Unfit(Exception):
    """Another try would end the same way; says why."""


class Broken(Exception):
    """It did not work this time; says why."""


@dataclass(frozen=True, slots=True)
class Answer:
    """`body` is unpacked and has MAX_BYTES at most; `cut` when there was more. Names of headers are in lower case."""

    url: str
    status: int
    headers: dict[str, str]
    body: bytes
    cut: bool
    redirects: int = 0


@dataclass(frozen=True, slots=True)
class Web:
    """Connections on the way to hosts that may be reached; several requests may share them."""

    pool: httpcore2.AsyncConnectionPool

    async def get(self, url: str, method: str = "GET") -> Answer:
        """Follows redirects. Raises Unfit, Broken, Refused."""
        method = method.upper()
        for redirects in range(MAX_REDIRECTS + 1):
            answer = await self.send(checked(url), method, redirects)
            target = answer.headers.get("location")
            if answer.status not in _REDIRECTS or target is None:
                return answer
            url = _joined(answer.url, target)
            if answer.status == 303 or (answer.status in (301, 302) and method == "POST"):
                method = "GET" if method != "HEAD" else method
        raise Unfit(f"more than {MAX_REDIRECTS} redirects")

    async def send(self, url: httpx2.URL, method: str = "GET", redirects: int = 0) -> Answer:
        """One request, without following redirects."""
        headers = [("Host", url.netloc), ("Accept", b"*/*"), ("Accept-Encoding", b"gzip, deflate")]
        headers += [("User-Agent", b"abreast")] + ([("Content-Length", b"0")] if method in _WITH_BODY else [])
        try:
            async with self.pool.stream(method, str(url), headers=headers) as response:
                named = {name.decode("latin-1").lower(): _text(value) for name, value in response.headers}
                body, cut = await _body(response.aiter_stream(), named.get("content-encoding", ""))
                return Answer(str(url), response.status, named, body, cut, redirects)
        except TooLarge:
            raise Unfit(f"{url.host} sends more than an answer may have") from None
        except httpcore2.ConnectError as error:
            raise Broken(f"{url.host} cannot be reached: {error}") from error
        except (OSError, httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.TimeoutException) as error:
            raise Broken(f"{url.host}: {str(error) or type(error).__name__}") from error


_WITH_BODY = {"POST", "PUT", "PATCH"}


@asynccontextmanager
async def web(allowed: Allowed | None, *, connections: int = 1, resolver: Resolver = ask_system) -> AsyncIterator[Web]:
    """`allowed` None: anywhere, for addresses that are the server's own settings."""
    backend = Checked(allowed, MAX_BYTES + _HEADERS_BYTES, resolver)
    # Connections are not kept: what a connection may carry is counted for one answer.
    pool = httpcore2.AsyncConnectionPool(
        ssl_context=_tls(), max_connections=connections, max_keepalive_connections=0, network_backend=backend
    )
    async with pool:
        yield Web(pool)


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


def checked(text: str) -> httpx2.URL:
    """The address, if a request may go to such a one. Raises Unfit."""
    if len(text) > MAX_URL or not text.isprintable() or any(sign in text for sign in " \\"):
        raise Unfit("the address is no address: too long, or with a blank, a backslash or a control character")
    try:
        url = httpx2.URL(text)
        port = url.port
    except (httpx2.InvalidURL, ValueError, UnicodeError) as error:
        raise Unfit(f"the address is no address: {error}") from error
    if url.scheme not in ("http", "https"):
        raise Unfit(f"the address must begin with http:// or https://, not {url.scheme[:20]}:")
    if url.userinfo or "@" in text.partition("://")[2].partition("/")[0]:
        raise Unfit("the address must have no user and no password in it")
    if not url.host or "%" in url.host or port == 0:
        raise Unfit("the address names no host that could be reached")
    return url


def _joined(url: str, target: str) -> str:
    try:
        return str(httpx2.URL(url).join(target))
    except (httpx2.InvalidURL, ValueError, UnicodeError) as error:
        raise Unfit(f"it redirects to no address: {error}") from error


def _text(value: bytes) -> str:
    return value.decode("latin-1")


async def _body(chunks: AsyncIterator[bytes], encoding: str) -> tuple[bytes, bool]:
    """What of the body is kept, and whether that is not all. Never unpacks more than is kept."""
    encoding = encoding.strip().lower()
    if encoding not in ("", "identity") and encoding not in _UNPACKED:
        raise Unfit(f"the answer is packed as {encoding[:50]!r}, which was not asked for")
    unpacking = zlib.decompressobj(_UNPACKED[encoding]) if encoding in _UNPACKED else None
    body = bytearray()
    async for chunk in chunks:
        room = MAX_BYTES + 1 - len(body)
        try:
            body += chunk[:room] if unpacking is None else unpacking.decompress(chunk, room)
        except zlib.error as error:
            raise Broken(f"the answer is not {encoding}: {error}") from error
        if len(body) > MAX_BYTES:
            return bytes(body[:MAX_BYTES]), True
    return bytes(body), False
