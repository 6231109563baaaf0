"""Logs as lines of JSON: each is one object, with the ids it is about; every event of a run is one, once committed."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import kombu.exceptions
import psycopg
import pytest
import redis.exceptions
from django.db import OperationalError, ProgrammingError

from dashboard.server import logs
from runs.models import Event
from tests.runs.factories import work


@pytest.fixture
def lines() -> Iterator[list[dict[str, Any]]]:
    """What would be written to stderr."""
    found: list[dict[str, Any]] = []
    handler, logger = logging.Handler(), logging.getLogger(logs.EVENTS)
    handler.setFormatter(logs.Lines())
    handler.emit = lambda record: found.append(json.loads(handler.format(record)))  # type: ignore[method-assign]
    logger.addHandler(handler)
    before = logger.level
    logger.setLevel(logging.INFO)
    yield found
    logger.removeHandler(handler)
    logger.setLevel(before)


@pytest.mark.django_db
def test_every_event_of_a_run_is_a_line_once_it_is_committed(
    lines: list[dict[str, Any]], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        one = work({"a": {}})
        one.do("a")
        assert lines == []
    told = [(line["run"], line["seq"], line["event"], line.get("subtask"), line.get("attempt")) for line in lines]
    kept = Event.objects.filter(run=one.run_id).order_by("seq")
    assert told == list(kept.values_list("run_id", "seq", "kind", "subtask_id", "attempt_id"))
    assert [line["after"] for line in lines if line["event"] == "completed"] == ["completed"]


@pytest.mark.django_db
def test_a_rollback_is_no_line(lines: list[dict[str, Any]], django_capture_on_commit_callbacks: Any) -> None:
    with django_capture_on_commit_callbacks() as waiting:
        work({"a": {}})
    assert waiting and lines == []


@pytest.mark.django_db
def test_what_agents_say_is_in_no_line(lines: list[dict[str, Any]], django_capture_on_commit_callbacks: Any) -> None:
    from runs.reports import Said

    with django_capture_on_commit_callbacks(execute=True):
        one = work({"a": {}})
        one.say(Said.FAIL, one.begin("a"), error="the password is sesame", retryable=False)
    assert [line["event"] for line in lines][-1] == "failed"
    assert "sesame" not in json.dumps(lines)


def test_a_line_has_the_error_with_its_way() -> None:
    try:
        raise ValueError("no\nsuch thing")
    except ValueError as error:
        made = logging.LogRecord("x", logging.ERROR, "f.py", 1, "it went %s", ("wrong",), (ValueError, error, None))
    line = logs.Lines().format(made)
    assert "\n" not in line
    said = json.loads(line)
    assert (said["level"], said["logger"], said["message"]) == ("error", "x", "it went wrong")
    assert said["error"].startswith("ValueError: no") and said["time"].endswith("Z")


# ---- outages ----


def calmed(error: BaseException | None, text: str = "it stumbled", *words: object, name: str = "x") -> str:
    """What stands on stderr then."""
    told = (type(error), error, None) if error else None
    record = logging.LogRecord(name, logging.ERROR, "f.py", 1, text, words, told)
    assert logs.Calm().filter(record)
    return logging.Formatter().format(record)


@pytest.mark.parametrize(
    "error",
    [
        OperationalError("the server has gone\nreally"),
        ConnectionResetError("the server has gone"),
        redis.exceptions.TimeoutError("the server has gone"),
        kombu.exceptions.OperationalError("the server has gone"),
        psycopg.OperationalError("the server has gone"),
        ExceptionGroup("two", [redis.exceptions.ConnectionError("a"), TimeoutError()]),
    ],
    ids=lambda error: type(error).__module__,
)
def test_an_outage_is_one_line(error: BaseException) -> None:
    told = calmed(error)
    assert told.startswith("it stumbled: t")
    assert "\n" not in told


@pytest.mark.parametrize(
    "error",
    [
        KeyError("x"),
        OperationalError("no such column: x"),
        ProgrammingError("no"),
        ExceptionGroup("two", [TimeoutError(), KeyError("x")]),
    ],
    ids=["own", "sqlite", "sql", "among others"],
)
def test_a_fault_of_the_program_has_its_way_with_it(error: BaseException) -> None:
    assert "\n" in calmed(error)


def test_a_request_whose_client_has_gone_is_one_line() -> None:
    text = "Application instance %r for connection %s took too long to shut down and was killed."
    assert calmed(None, text, object(), "POST /leases/", name="daphne.server") == (
        "ended, for its client has gone: POST /leases/"
    )


@pytest.mark.parametrize("form", ["text", "json"])
def test_all_that_is_said_goes_that_way(form: str) -> None:
    told = logs.settings_for(form)
    assert (told["root"]["handlers"], told["handlers"]["stderr"]["filters"]) == (["stderr"], ["calm"])
