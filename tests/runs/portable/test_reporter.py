"""Reporting from inside an application: it never waits, never raises, and says what it could not tell."""

import json
import logging
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from runs.portable import reporter
from runs.portable.celery_door import Places
from runs.portable.client import Client
from runs.portable.reporter import Reporter, clean, key_of
from tests.servers import free_port, until

PATIENCE = 20.0  # seconds


@contextmanager
def listening(*statuses: int) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A server that answers so, one after the other, then 200; gives its address and the bodies it has taken."""
    left, taken = list(statuses), []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status = left.pop(0) if left else 200
            if status == 200:
                taken.append(body | {"path": self.path})
            answer = b"{}"
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", taken
        finally:
            server.shutdown()
            thread.join()


def test_what_is_said_is_told_under_the_name_of_the_session() -> None:
    with listening() as (url, taken):
        one = Reporter(Client(url, "t"), "celery shop/1", "Celery: shop")
        one.say("a", status="pending", agent=None)
        assert one.flush(PATIENCE)
    (body,) = taken
    assert (body["path"], body["content"]) == ("/api/v1/sessions/celery%20shop%2F1/reports/", "Celery: shop")
    (told,) = body["reports"]
    assert told.pop("ago_seconds") >= 0
    assert told == {"key": "a", "status": "pending"}


def test_what_comes_together_goes_together_and_in_its_order() -> None:
    with listening() as (url, taken):
        one = Reporter(Client(url, "t"), "s", "S")
        for number in range(1_200):
            one.say(str(number), status="pending")
        assert one.flush(PATIENCE)
    keys = [told["key"] for body in taken for told in body["reports"]]
    assert keys == [str(number) for number in range(1_200)]
    assert max(len(body["reports"]) for body in taken) == reporter.AT_ONCE


def test_a_server_that_is_gone_costs_no_time_and_the_oldest_reports(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(reporter, "REMEMBERED", 50)
    caplog.set_level(logging.WARNING, "abreast")
    one = Reporter(Client(f"http://127.0.0.1:{free_port()}", "t"), "s", "S")
    one.say("first", status="pending")
    until(lambda: bool(caplog.records), "it has been tried")
    for number in range(60):
        one.say(str(number), status="pending")
    begun = time.monotonic()
    assert not one.flush(2 * PATIENCE)
    assert time.monotonic() - begun < PATIENCE
    assert one.dropped == 10
    assert "does not answer" in caplog.text


def test_a_report_that_is_refused_is_dropped_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    with listening(422) as (url, taken):
        one = Reporter(Client(url, "t"), "s", "S")
        one.say("a", status="pending")
        assert one.flush(PATIENCE)
        assert (taken, one.dropped) == ([], 1)
    assert "refuses" in caplog.text


def test_a_run_that_ended_meanwhile_is_tried_again() -> None:
    with listening(409, 409) as (url, taken):
        one = Reporter(Client(url, "t"), "s", "S")
        one.say("a", status="pending")
        assert one.flush(PATIENCE)
        assert (len(taken), one.dropped) == (1, 0)


FORKS = """
import os, sys
from runs.portable.client import Client
from runs.portable.reporter import Reporter
one = Reporter(Client(sys.argv[1], "t"), "s", "S")
one.say("parent", status="pending")
one.flush(20)
child = os.fork()
one.say("parent too" if child else "child", status="pending")
one.flush(20)
os._exit(os.waitpid(child, 0)[1] if child else 0)
"""


def test_a_process_that_is_forked_tells_its_own_and_nothing_twice() -> None:
    with listening() as (url, taken):
        subprocess.run([sys.executable, "-W", "ignore", "-c", FORKS, url], check=True, timeout=60)
    said = [told["key"] for body in taken for told in body["reports"]]
    assert sorted(said) == sorted(key_of(name) for name in ("parent", "parent too", "child"))


def test_what_goes_wrong_in_a_receiver_stays_there(caplog: pytest.LogCaptureFixture) -> None:
    def wrong(**_: Any) -> None:
        raise KeyError("id")

    Reporter(Client("http://127.0.0.1:1", "t"), "s", "S").quietly(wrong)(sender=None)
    assert "could not be reported: KeyError('id')" in caplog.text


@pytest.mark.parametrize("name", ["a b", "x" * 65, "", "über", "\ud800"])
def test_any_name_has_a_key_of_its_own(name: str) -> None:
    assert key_of(name) != key_of(name + "!")
    assert len(key_of(name)) == 32


def test_text_is_cut_and_cleaned() -> None:
    assert clean("a\x00b\ud800") == "ab?"
    assert len(clean("x" * 5_000)) == reporter.TEXT
    assert clean(0.5) == 0.5


def test_places_are_taken_from_the_first_that_is_free() -> None:
    places = Places()
    assert [places.take(task) for task in "abc"] == [0, 1, 2]
    places.give_back("b")
    places.give_back("b")
    assert (places.take("d"), places.of("c"), places.of("b")) == (1, 2, None)
