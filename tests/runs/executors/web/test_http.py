"""The executor `http`: what it answers, what it sends, and that nothing of it is without bounds."""

import gzip
import socket
import threading
import time
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from runs.executors import http
from runs.executors.base import Failed, Job, Stop, Stopped
from runs.executors.results import encode
from runs.executors.web import fetch
from runs.executors.web.addresses import Resolver, allowed, ask_system
from tests.runs.executors.web.serving import Answering, say, serving

MIB = 2**20


@pytest.fixture(autouse=True)
def _this_machine(settings: Settings) -> None:
    settings.HTTP_ALLOW = allowed(["127.0.0.0/8"])


def ask(answer: Answering, **spec: Any) -> Any:
    with serving(answer) as site:
        return http.run(Job({"url": site.url()} | spec, timeout_seconds=20)).result


def fail(answer: Answering, **spec: Any) -> Failed:
    with pytest.raises(Failed) as failed:
        ask(answer, **spec)
    return failed.value


def test_an_answer_is_told(tmp_path: Path) -> None:
    result = ask(lambda handler: say(handler, 200, "Grüße".encode(), Content_Type="text/plain; charset=utf-8"))
    assert result.pop("url").startswith("http://127.0.0.1:")
    assert result.pop("seconds") >= 0
    assert result == {
        "status": 200,
        "content_type": "text/plain; charset=utf-8",
        "bytes": 7,
        "text": "Grüße",
        "truncated": False,
        "redirects": 0,
    }


@pytest.mark.parametrize("method", http.METHODS)
def test_every_method_is_sent_without_anything_of_ours(method: str) -> None:
    with serving(lambda handler: say(handler, 200)) as site:
        http.run(Job({"url": site.url("/a?b=c"), "method": method}, timeout_seconds=20))
    [asked] = site.asked
    assert (asked.method, asked.path) == (method, "/a?b=c")
    assert asked.headers.keys() - {"Content-Length"} == {"Host", "Accept", "Accept-Encoding", "User-Agent"}


def test_redirects_are_followed_and_counted() -> None:
    def hop(handler: Any) -> None:
        at = int(handler.path.strip("/") or 0)
        say(handler, 302, Location=f"/{at + 1}", Set_Cookie="a=b") if at < 3 else say(handler, 200, b"there")

    with serving(hop) as site:
        result = http.run(Job({"url": site.url(), "method": "POST"}, timeout_seconds=20)).result
    assert (result["text"], result["redirects"], result["url"]) == ("there", 3, site.url("/3"))
    assert [asked.method for asked in site.asked] == ["POST", "GET", "GET", "GET"]
    assert all("Cookie" not in asked.headers for asked in site.asked)


def test_a_circle_of_redirects_ends() -> None:
    with serving(lambda handler: say(handler, 307, Location="/")) as site, pytest.raises(Failed) as failed:
        http.run(Job({"url": site.url()}, timeout_seconds=20))
    assert (failed.value.error, failed.value.retryable, len(site.asked)) == ("more than 3 redirects", False, 4)


@pytest.mark.parametrize(
    ("status", "retryable"),
    [(400, False), (401, False), (404, False), (408, True), (429, True), (500, True), (503, True)],
)
def test_a_status_that_is_an_error_fails_and_is_kept(status: int, retryable: bool) -> None:
    failed = fail(lambda handler: say(handler, status, b"why"))
    assert failed.error.startswith(f"status {status} of http://127.0.0.1:")
    assert failed.retryable is retryable
    assert (failed.partial_result["status"], failed.partial_result["text"]) == (status, "why")


@pytest.mark.parametrize(
    "body", [b"a" * (3 * MIB), "ä".encode() * MIB, b'"' * MIB, b"\x01" * MIB, b"\0" * MIB, bytes(range(256)) * 4096]
)
def test_a_large_answer_is_cut_to_what_a_result_may_have(body: bytes, settings: Settings) -> None:
    result = ask(lambda handler: say(handler, 200, body))
    encode(result, settings.RESULT_MAX_BYTES)
    assert result["bytes"] == MIB
    assert result["truncated"] is (result["text"] is not None or len(body) > MIB)


def packed(kind: str, data: bytes) -> bytes:
    return gzip.compress(data) if kind == "gzip" else zlib.compress(data)


@pytest.mark.parametrize("kind", ["gzip", "deflate"])
def test_a_packed_answer_is_unpacked(kind: str) -> None:
    result = ask(lambda handler: say(handler, 200, packed(kind, b"plain"), Content_Encoding=kind))
    assert (result["text"], result["bytes"]) == ("plain", 5)


@pytest.mark.parametrize("kind", ["gzip", "deflate"])
def test_a_bomb_does_not_go_off(kind: str) -> None:
    bomb = packed(kind, bytes(500 * MIB))
    assert len(bomb) < MIB
    tracemalloc.start()
    result = ask(lambda handler: say(handler, 200, bomb, Content_Encoding=kind))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (result["bytes"], result["truncated"]) == (MIB, True)
    assert most < 16 * MIB


def test_a_bomb_in_a_bomb_is_no_text() -> None:
    twice = gzip.compress(gzip.compress(bytes(10 * MIB)))
    failed = fail(lambda handler: say(handler, 200, twice, Content_Encoding="gzip, gzip"))
    assert "packed as 'gzip, gzip'" in failed.error


def test_what_is_packed_otherwise_or_badly_is_told() -> None:
    assert "which was not asked for" in fail(lambda handler: say(handler, 200, b"x", Content_Encoding="br")).error
    assert "is not gzip" in fail(lambda handler: say(handler, 200, b"no gzip", Content_Encoding="gzip")).error


def pour(text: bytes) -> Answering:
    """Sends it again and again, without an end."""

    def answer(handler: Any) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            handler.wfile.write(text)

    return answer


@pytest.mark.parametrize(
    "text", [b"X: " + b"a" * 1000 + b"\r\n", b"a" * 4096, b"\r\n\r\n" + b"b" * 4096, b"HTTP/1.1 100 Continue\r\n\r\n"]
)
def test_an_answer_without_an_end_is_ended(text: bytes) -> None:
    try:
        assert ask(pour(text))["truncated"]
    except Failed as failed:
        assert failed.error


def test_chunks_of_one_byte_do_not_get_around_the_limit() -> None:
    chunk = b"1;" + b"x" * 4000 + b"\r\na\r\n"

    def answer(handler: Any) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(2000):
            handler.wfile.write(chunk)

    failed = fail(answer)
    assert failed.error == "127.0.0.1 sends more than an answer may have"


@pytest.mark.parametrize("raw", [b"", b"\r\n\r\n", b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 999999 x\r\n\r\n", b"\xff\xfe"])
def test_what_is_no_http_is_told(raw: bytes) -> None:
    failed = fail(lambda handler: handler.wfile.write(raw))
    assert failed.error.startswith("127.0.0.1: ")
    assert failed.retryable


@pytest.mark.parametrize("spec", [{"url": None}, {"url": 7}, {"method": "TRACE"}, {"method": "get\r\nX: y"}])
def test_what_is_no_request_is_refused(spec: dict[str, Any]) -> None:
    with pytest.raises(Failed) as failed:
        http.run(Job({"url": "http://example.org/"} | spec))
    assert not failed.value.retryable


# ---- being stopped ----

PATIENCE = 20.0  # seconds: less than it would take if it were not stopped


def stopped(url: str, when: Callable[[Job], object], resolver: Resolver = ask_system) -> float:
    """Seconds from being told to stop to having stopped."""
    job = Job({"url": url}, timeout_seconds=60)
    told: list[float] = []

    def stop() -> None:
        when(job)
        told.append(time.monotonic())
        job.stop(Stop.CANCEL)

    thread = threading.Thread(target=stop)
    thread.start()
    with pytest.raises(Stopped) as why:
        http.run(job, resolver)
    thread.join()
    assert why.value.why is Stop.CANCEL
    return time.monotonic() - told[0]


def test_a_request_is_stopped_while_it_waits_for_the_answer() -> None:
    came, over = threading.Event(), threading.Event()

    def answer(handler: Any) -> None:
        came.set()
        over.wait(2 * PATIENCE)

    with serving(answer) as site:
        assert stopped(site.url(), lambda job: came.wait(PATIENCE)) < PATIENCE
        over.set()


def test_a_request_is_stopped_while_it_connects() -> None:
    with socket.socket() as listening, socket.socket() as first, socket.socket() as second:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)  # and accepts nobody: the third has to wait
        for other in (first, second):
            other.setblocking(False)
            other.connect_ex(listening.getsockname())
        looked = threading.Event()

        def resolver(host: str, port: int) -> list[str]:
            looked.set()
            return ["127.0.0.1"]

        url = f"http://slow.example:{listening.getsockname()[1]}/"
        assert stopped(url, lambda job: looked.wait(PATIENCE), resolver) < PATIENCE


def test_a_request_is_stopped_while_its_name_is_looked_up() -> None:
    asked, over = threading.Event(), threading.Event()

    def hanging(host: str, port: int) -> list[str]:
        asked.set()
        over.wait(2 * PATIENCE)
        return ["127.0.0.1"]

    assert stopped("http://slow.example/", lambda job: asked.wait(PATIENCE), hanging) < PATIENCE
    over.set()


def drip(handler: Any) -> None:
    """A byte now and then: never silent for long, never done."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        handler.wfile.write(b"a")
        threading.Event().wait(0.02)


def test_an_answer_that_drips_takes_no_longer_than_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "MAX_SECONDS", 0.5)
    failed = fail(drip)
    assert (failed.error, failed.retryable) == ("took more than 0.5 s", True)


def test_the_time_of_the_attempt_counts_too() -> None:
    with serving(drip) as site, pytest.raises(Stopped) as stopped:
        http.run(Job({"url": site.url()}, timeout_seconds=0.3))
    assert stopped.value.why is Stop.TIME_OUT
