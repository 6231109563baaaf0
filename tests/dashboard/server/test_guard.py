"""The outermost layer: only names that are ours are answered, and only our own pages may act."""

import json
from collections.abc import MutableMapping
from typing import Any

import pytest

from dashboard.server.guard import Guard, Refusal, as_sent, host_is_ours, judge, split_host

ALLOWED = ["127.0.0.1", "localhost", "[::1]"]
OURS = b"localhost:8000"
OUR_ORIGIN = b"http://localhost:8000"
FOREIGN_ORIGINS = [
    b"http://localhost:9999",  # another local server: ports are other origins, though cookies do not know it
    b"http://localhost",
    b"http://127.0.0.1:8000",  # ours too, but not what the browser was asked for
    b"https://localhost:8000",
    b"http://evil.example",
    b"http://evil.example:8000",
    b"http://localhost.evil.example:8000",
    b"http://localhost:8000.evil.example",
    b"http://localhost:80000",
    b"null",
    b"",
    b"file://",
    b"http://localhost:8000/",
]


def asked(method: str = "GET", *headers: tuple[bytes, bytes], host: bytes | None = OURS, **more: Any) -> dict[str, Any]:
    """What an ASGI server says of a request that reached port 8000."""
    named = [(b"host", host)] if host is not None else []
    scope = {"type": "http", "method": method, "headers": [*named, *headers], "server": ("127.0.0.1", 8000)}
    return scope | {"scheme": "http"} | more


def socket(*headers: tuple[bytes, bytes], **more: Any) -> dict[str, Any]:
    return asked("GET", *headers, **({"type": "websocket", "scheme": "ws"} | more))


def status(scope: dict[str, Any], allowed: list[str] = ALLOWED) -> int | None:
    refusal = judge(scope, allowed)
    return refusal.status if refusal else None


# ---- hosts ----


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("localhost", ("localhost", None)),
        ("LocalHost:8000", ("localhost", 8000)),
        ("[::1]", ("[::1]", None)),
        ("[::1]:8000", ("[::1]", 8000)),
        ("", None),
        (":8000", None),
        ("localhost:", None),
        ("localhost:port", None),
        ("localhost:-1", None),
        ("localhost:８０", None),
        ("localhost:800000", None),
        ("::1", None),
        ("a@localhost", None),
        ("localhost/x", None),
        ("local host", None),
        ("localhost?", None),
        ("localhost\\", None),
    ],
)
def test_a_host_is_a_name_and_a_port_and_nothing_else(header: str, found: tuple[str, int | None] | None) -> None:
    assert split_host(header) == found


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:8000", "LOCALHOST:8000", "[::1]:8000", "localhost"])
def test_our_names_are_answered_on_our_port(host: str) -> None:
    assert host_is_ours(host, ALLOWED, 8000)


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8000",
        "localhost.evil.example:8000",
        "localhost.:8000",
        "localhost:9999",
        "0.0.0.0:8000",
        "127.0.0.2:8000",
        "127.1:8000",
        "[::]:8000",
        "[0:0:0:0:0:0:0:1]:8000",
        "localhost:8000:8000",
        "",
    ],
)
def test_other_names_and_ports_are_not_answered(host: str) -> None:
    assert not host_is_ours(host, ALLOWED, 8000)


def test_an_allowed_host_may_name_the_port_of_a_proxy() -> None:
    assert host_is_ours("todo.example:8443", ["todo.example:8443"], 8000)
    assert not host_is_ours("todo.example:8000", ["todo.example:8443"], 8000)
    assert not host_is_ours("todo.example", ["todo.example:8443"], 8000)


def test_no_allowed_host_allows_nothing() -> None:
    assert status(asked(), []) == 400


@pytest.mark.parametrize("make", [asked, socket])
@pytest.mark.parametrize("host", [None, b"evil.example", b"evil.example:8000", b"localhost:9999", b"\xff\xfe"])
def test_a_rebound_name_is_refused_for_pages_and_sockets(make: Any, host: bytes | None) -> None:
    assert status(make(host=host)) == 400


def test_two_hosts_are_refused() -> None:
    assert status(asked("GET", (b"host", OURS))) == 400


@pytest.mark.parametrize("token", [(), ((b"authorization", b"Bearer abr_x"),)])
def test_a_token_does_not_open_another_host(token: tuple[tuple[bytes, bytes], ...]) -> None:
    assert status(asked("POST", *token, host=b"evil.example")) == 400


# ---- origins ----


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
@pytest.mark.parametrize("origin", [OUR_ORIGIN, *FOREIGN_ORIGINS])
def test_looking_is_allowed_from_anywhere(method: str, origin: bytes) -> None:
    assert status(asked(method, (b"origin", origin))) is None


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "PROPFIND"])
@pytest.mark.parametrize("origin", FOREIGN_ORIGINS)
def test_acting_is_refused_from_other_origins(method: str, origin: bytes) -> None:
    assert status(asked(method, (b"origin", origin))) == 403


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_acting_is_allowed_from_our_own_pages_and_from_programs(method: str) -> None:
    assert status(asked(method, (b"origin", OUR_ORIGIN))) is None
    assert status(asked(method)) is None


@pytest.mark.parametrize("origin", FOREIGN_ORIGINS)
@pytest.mark.parametrize("token", [(), ((b"authorization", b"Bearer abr_x"),)])
def test_a_socket_from_another_origin_is_refused_with_or_without_a_token(origin: bytes, token: Any) -> None:
    assert status(socket((b"origin", origin), *token)) == 403


def test_a_socket_without_an_origin_needs_a_token() -> None:
    assert status(socket()) == 403
    assert status(socket((b"authorization", b"Bearer abr_x"))) is None


def test_a_socket_of_our_own_page_is_let_through() -> None:
    assert status(socket((b"origin", OUR_ORIGIN))) is None


def test_one_foreign_origin_among_two_is_enough_to_refuse() -> None:
    assert status(asked("POST", (b"origin", OUR_ORIGIN), (b"origin", b"http://evil.example"))) == 403


def test_under_tls_our_origin_is_the_secure_one() -> None:
    plain, secure = (b"origin", OUR_ORIGIN), (b"origin", b"https://localhost:8000")
    assert status(asked("POST", secure, scheme="https")) is None
    assert status(asked("POST", plain, scheme="https")) == 403
    assert status(socket(secure, scheme="wss")) is None
    assert status(socket(plain, scheme="wss")) == 403


@pytest.mark.parametrize(("site", "refused"), [(b"cross-site", 403), (b"same-origin", None), (b"none", None)])
def test_what_the_browser_itself_calls_cross_site_is_refused(site: bytes, refused: int | None) -> None:
    assert status(asked("POST", (b"sec-fetch-site", site))) == refused
    assert status(asked("GET", (b"sec-fetch-site", site))) is None


# ---- behind a proxy that ends TLS ----

PUBLIC = "https://todo.example:8443"


@pytest.mark.parametrize(("make", "scheme"), [(asked, "https"), (socket, "wss")])
def test_what_asks_for_the_host_of_the_proxy_came_by_tls(make: Any, scheme: str) -> None:
    assert as_sent(make(host=b"Todo.example:8443"), PUBLIC)["scheme"] == scheme


@pytest.mark.parametrize("host", [OURS, b"todo.example", b"todo.example:8444", b"todo.example:8443.evil.example", None])
def test_what_asks_for_another_host_did_not(host: bytes | None) -> None:
    assert as_sent(asked(host=host), PUBLIC)["scheme"] == "http"
    assert as_sent(asked(host=b"todo.example:8443"), "http://todo.example:8443")["scheme"] == "http"


@pytest.mark.parametrize(
    ("origin", "refused"), [(b"https://todo.example:8443", None), (b"http://todo.example:8443", 403)]
)
async def test_only_the_secure_pages_of_the_proxy_may_act(origin: bytes, refused: int | None) -> None:
    found = await answer(asked("POST", (b"origin", origin), host=b"todo.example:8443"), public=PUBLIC)
    assert (found.sent[0]["status"] if found.sent else None, found.reached) == (refused, refused is None)


# ---- the middleware ----


class Answer:
    """Everything that was sent, and whether the application was asked at all."""

    def __init__(self) -> None:
        self.sent: list[MutableMapping[str, Any]] = []
        self.reached = False

    async def application(self, scope: Any, receive: Any, send: Any) -> None:
        self.reached = True

    async def send(self, message: MutableMapping[str, Any]) -> None:
        self.sent.append(message)


async def answer(scope: dict[str, Any], public: str = "") -> Answer:
    async def receive() -> MutableMapping[str, Any]:
        return {"type": "websocket.connect"}

    heard = Answer()
    await Guard(heard.application, [*ALLOWED, "todo.example:8443"], public)(scope, receive, heard.send)
    return heard


async def test_a_request_that_is_not_refused_reaches_the_application() -> None:
    heard = await answer(asked())
    assert (heard.reached, heard.sent) == (True, [])


async def test_a_refused_request_is_answered_as_a_problem_and_goes_no_further() -> None:
    heard = await answer(asked("POST", (b"origin", b"http://evil.example")))
    start, body = heard.sent
    told = json.loads(body["body"])
    assert not heard.reached
    assert (start["status"], told["status"], told["errors"]) == (403, 403, [])
    assert dict(start["headers"])[b"content-type"] == b"application/problem+json"
    assert int(dict(start["headers"])[b"content-length"]) == len(body["body"])


async def test_a_refused_socket_is_closed_before_it_opens() -> None:
    heard = await answer(socket())
    assert (heard.reached, heard.sent) == (False, [{"type": "websocket.close"}])


async def test_what_is_neither_page_nor_socket_is_let_through() -> None:
    assert (await answer({"type": "lifespan"})).reached


def test_a_refusal_says_why() -> None:
    assert judge(asked(host=None), ALLOWED) == Refusal(
        400, "this host name is not served here: ABREAST_ALLOWED_HOSTS says which are"
    )
