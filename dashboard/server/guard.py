"""The outermost layer: who is asked (Host) and from where (Origin), for HTTP and sockets alike.

A server on loopback that runs commands is a target for every web page in the user's browser, and binding to loopback
does not keep pages out. So only names that are ours are answered (no rebinding), and only our own pages may act.
"""

import json
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from dataclasses import dataclass
from typing import Any

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Refusal:
    status: int
    detail: str


def split_host(header: str) -> tuple[str, int | None] | None:
    """Name and port of a Host header; None when it is none."""
    name, colon, port = header.rpartition(":") if not header.endswith("]") else (header, "", "")
    if not colon:
        name = header
    if not name or (colon and not (port.isascii() and port.isdigit() and len(port) <= 5)):
        return None
    if any(character in name for character in "/@\\ \t?#") or (":" in name and not name.startswith("[")):
        return None
    return name.lower(), int(port) if colon else None


def host_is_ours(header: str, allowed: Iterable[str], listening: int | None) -> bool:
    """Whether a Host header names this server: an allowed name, and its port or (behind a proxy) the one it names."""
    found = split_host(header)
    if found is None:
        return False
    name, port = found
    for entry in allowed:
        allowed_name, allowed_port = split_host(entry) or ("", None)
        if name == allowed_name and port in ({allowed_port} if allowed_port else {listening, None}):
            return True
    return False


def judge(scope: Scope, allowed: Iterable[str]) -> Refusal | None:
    """Why this request is refused, or None."""
    headers = scope["headers"]
    hosts = [value.decode("latin-1") for name, value in headers if name == b"host"]
    listening = scope["server"][1] if scope.get("server") else None
    if len(hosts) != 1 or not host_is_ours(hosts[0], allowed, listening):
        return Refusal(400, "this host name is not served here: ABREAST_ALLOWED_HOSTS says which are")
    by_token = any(name == b"authorization" for name, _ in headers)
    if scope["type"] == "http" and scope["method"] in SAFE_METHODS:
        return None
    origins = [value.decode("latin-1") for name, value in headers if name == b"origin"]
    if scope["type"] == "websocket" and not origins and not by_token:
        return Refusal(403, "a socket without an Origin needs a bearer token")
    secure = scope.get("scheme") in {"https", "wss"}
    if any(origin != f"http{'s' if secure else ''}://{hosts[0]}" for origin in origins):
        return Refusal(403, "requests from other origins are refused")
    if any(name == b"sec-fetch-site" and value == b"cross-site" for name, value in headers):
        return Refusal(403, "requests from other sites are refused")
    return None


def as_sent(scope: Scope, public: str) -> Scope:
    """A request as its browser sent it. The proxy at `public` ends TLS: what asks for that host came to it by TLS.

    The host tells, and no header of the proxy: there is none to forge. Who names the host without the proxy between
    is taken for secure, and gains nothing by it.
    """
    scheme, _, host = public.partition("://")
    asked = [value.lower() for name, value in scope["headers"] if name == b"host"]
    if scheme != "https" or asked != [host.encode()]:
        return scope
    return {**scope, "scheme": "wss" if scope["type"] == "websocket" else "https"}


class Guard:
    """ASGI middleware: refuses what `judge` refuses, before anything else of the application sees it."""

    def __init__(self, application: Application, allowed: Iterable[str], public: str = "") -> None:
        self.application = application
        self.allowed = list(allowed)
        self.public = public

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope = as_sent(scope, self.public) if self.public and scope["type"] in {"http", "websocket"} else scope
        refusal = judge(scope, self.allowed) if scope["type"] in {"http", "websocket"} else None
        if refusal is None:
            await self.application(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close"})
        else:
            told = {"type": "about:blank", "title": "Refused", "status": refusal.status, "detail": refusal.detail}
            body = json.dumps(told | {"errors": []}).encode()
            headers = [(b"content-type", b"application/problem+json"), (b"content-length", str(len(body)).encode())]
            await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
            await send({"type": "http.response.body", "body": body})
