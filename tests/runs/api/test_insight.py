"""A run as a file: trace, report, badge."""

import csv
import io
import json
import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from runs.models import Run, Subtask
from tests.factories import Api, token_of
from tests.scenes import Scene, scene

pytestmark = pytest.mark.django_db
EVIL = '<script>alert(1)</script><img src="https://evil.example/x">'


@pytest.fixture
def made(ada: User) -> Scene:
    there = scene(ada, ("a", "b", "c"), {"b": ["a"]})
    there.start("a")
    there.later(2)
    there.complete("a", result={"found": 3})
    there.start("b", "c")
    there.later(1)
    there.fail("b", error=EVIL)
    return there


@pytest.fixture
def viewer(ada: User) -> Api:
    return Api(token_of(ada, "viewer"))


def test_a_report_is_the_whole_run(made: Scene, viewer: Api) -> None:
    answer = viewer.get(f"runs/{made.run_id}/report/")
    found = json.loads(answer.getvalue())
    assert found["id"] == found["progress"]["run"] == str(made.run_id)
    assert [one["key"] for one in found["subtasks"]] == ["a", "b", "c"]
    assert found["subtasks"][0]["result"] == {"found": 3}
    assert found["subtasks"][1]["attempts"][0]["error"] == EVIL
    parts = found["insight"]["where"]
    assert sum(part["seconds"] for part in parts) == pytest.approx(found["insight"]["wall_seconds"])
    assert answer.headers["Content-Disposition"] == f'attachment; filename="run-{made.run_id}.json"'


def test_a_report_as_csv_has_a_row_a_subtask_and_no_formula(made: Scene, viewer: Api) -> None:
    Subtask.objects.filter(key="a").update(content="=1+1")
    answer = viewer.get(f"runs/{made.run_id}/report/", format="csv")
    rows = list(csv.DictReader(io.StringIO(answer.getvalue().decode(), newline="")))
    assert [(row["key"], row["status"]) for row in rows] == [("a", "completed"), ("b", "failed"), ("c", "in_progress")]
    assert rows[0]["content"] == "'=1+1"


def test_a_report_as_html_needs_nothing_else_and_runs_nothing(made: Scene, viewer: Api) -> None:
    answer = viewer.get(f"runs/{made.run_id}/report/", format="html")
    page = answer.getvalue().decode()
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'unsafe-inline'")
    assert "&lt;script&gt;alert(1)" in page
    page = re.sub(r"&lt;.*?&gt;", "", page)
    assert not re.search(r"<script|<link|<img|<iframe|\ssrc=|\shref=|url\(|@import|\sstyle=|\son\w+=", page)
    assert "Where the time went" in page and "Dependencies" in page and "Timeline" in page


def test_a_run_that_has_not_begun_has_a_report_too(ada: User, viewer: Api) -> None:
    number = scene(ada).run_id
    assert json.loads(viewer.get(f"runs/{number}/report/").getvalue())["insight"] is None
    assert "Where the time went" not in viewer.get(f"runs/{number}/report/", format="html").getvalue().decode()
    assert json.loads(viewer.get(f"runs/{number}/trace/").getvalue())["traceEvents"]


def test_a_format_that_is_none_is_refused(made: Scene, viewer: Api) -> None:
    answer = viewer.get(f"runs/{made.run_id}/report/", format="pdf")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/query/format"


def test_a_trace_is_sent_as_a_file(made: Scene, viewer: Api) -> None:
    answer = viewer.get(f"runs/{made.run_id}/trace/")
    slices = [event for event in json.loads(answer.getvalue())["traceEvents"] if event["ph"] == "X"]
    assert [one["name"] for one in slices] == ["a", "b", "c"]
    assert answer.headers["Content-Disposition"] == f'attachment; filename="run-{made.run_id}-trace.json"'


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({}, "running · 1 of 3 · ~0.7x"),
        ({"baseline_seconds": 9.0}, "running · 1 of 3 · 3.0x"),
        ({"status": "completed", "work_done": 0}, "completed · 1 of 3"),
    ],
)
def test_a_badge_says_how_much_is_done_and_the_speedup(
    made: Scene, viewer: Api, columns: dict[str, Any], words: str
) -> None:
    Run.objects.filter(pk=made.run_id).update(finished_at=made.now, **columns)
    answer = viewer.get(f"runs/{made.run_id}/badge.svg")
    assert answer.headers["Content-Type"] == "image/svg+xml"
    assert f"<title>abreast: {words}</title>" in answer.content.decode()


def _queries(viewer: Api, path: str, **query: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as found:
        viewer.get(path, **query).getvalue()
    return len(found)


@pytest.mark.parametrize(("kind", "most"), [("trace/", 16), ("report/?format=html", 22)])
def test_no_file_asks_the_database_once_a_subtask(ada: User, viewer: Api, kind: str, most: int) -> None:
    large = scene(ada, [f"k{at}" for at in range(300)], {f"k{at}": [f"k{at - 1}"] for at in range(1, 300)})
    large.start("k0")
    assert _queries(viewer, f"runs/{large.run_id}/{kind}") <= most
