import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from runs.portable.client import Client, Refused, Unreachable

Answer = tuple[int, Any, dict[str, str]]


class Double:
    """A server that answers with what it is given, one after the other, and keeps what it was asked."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.asked: list[tuple[str, dict[str, str], Any]] = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(handler) -> None:  # noqa: N805
                body = json.loads(handler.rfile.read(int(handler.headers["Content-Length"])))
                self.asked.append((handler.path, dict(handler.headers), body))
                status, answer, headers = self.answers.pop(0)
                handler.send_response(status)
                for name, value in headers.items():
                    handler.send_header(name, value)
                handler.end_headers()
                handler.wfile.write(answer if isinstance(answer, bytes) else json.dumps(answer).encode())

            def log_message(handler, *_: Any) -> None:  # noqa: N805
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def double() -> Iterator[Double]:
    made = Double()
    thread = threading.Thread(target=made.server.serve_forever)
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


def test_a_post_carries_its_token_a_key_and_its_body(double: Double) -> None:
    double.answers = [(200, {"leases": []}, {})]
    assert Client(double.url + "/", "secret").post("/leases/", {"agent": "a"}) == {"leases": []}
    ((path, headers, body),) = double.asked
    assert (path, body) == ("/api/v1/leases/", {"agent": "a"})
    assert headers["Authorization"] == "Bearer secret"
    assert len(headers["Idempotency-Key"]) == 32


def test_the_token_may_come_from_the_environment(double: Double, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ABREAST_TOKEN", "of the environment")
    double.answers = [(200, {}, {})]
    Client(double.url).post("/leases/", {})
    assert double.asked[0][1]["Authorization"] == "Bearer of the environment"


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_server_that_cannot_now_is_asked_again_the_same(double: Double, status: int) -> None:
    double.answers = [(status, {}, {"Retry-After": "0.01"}), (200, {"ok": True}, {})]
    assert Client(double.url, "t").post("/leases/", {"agent": "a"}, patience=30) == {"ok": True}
    keys = {headers["Idempotency-Key"] for _, headers, _ in double.asked}
    assert len(double.asked) == 2
    assert len(keys) == 1


@pytest.mark.parametrize("later", ["Sat, 21 Nov 2026 22:00:00 GMT", "soon", "-1", "nan", ""])
def test_a_time_that_is_no_number_of_seconds_is_the_usual_pause(double: Double, later: str) -> None:
    double.answers = [(503, {}, {"Retry-After": later})]
    with pytest.raises(Unreachable) as raised:
        Client(double.url, "t").post("/leases/", {})
    assert raised.value.wait == 0


def test_without_patience_it_is_asked_once(double: Double) -> None:
    double.answers = [(503, {}, {"Retry-After": "7"})]
    with pytest.raises(Unreachable) as raised:
        Client(double.url, "t").post("/leases/", {})
    assert raised.value.wait == 7
    assert len(double.asked) == 1


def test_a_refusal_says_what_is_wrong_and_is_not_repeated(double: Double) -> None:
    problem = {"detail": "no", "errors": [{"pointer": "/agent", "detail": "there is no such agent"}]}
    double.answers = [(422, problem, {})]
    with pytest.raises(Refused, match=r"^/agent: there is no such agent$") as raised:
        Client(double.url, "t").post("/leases/", {}, patience=30)
    assert raised.value.status == 422
    assert len(double.asked) == 1


def test_a_refusal_that_is_no_json_has_its_status(double: Double) -> None:
    double.answers = [(404, b"<html>", {})]
    with pytest.raises(Refused, match="status 404"):
        Client(double.url, "t").post("/leases/", {})


def test_an_answer_that_is_no_json_is_none(double: Double) -> None:
    double.answers = [(200, b"<html>", {})]
    with pytest.raises(Unreachable):
        Client(double.url, "t").post("/leases/", {})


@pytest.mark.parametrize("make", [lambda: Client("file:///etc/passwd", "t"), lambda: Client("127.0.0.1:8000", "t")])
def test_what_is_no_address_is_refused(make: Callable[[], Client]) -> None:
    with pytest.raises(ValueError, match="is no address of a server"):
        make()
