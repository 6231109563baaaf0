import csv
import io
import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection

from runs import actions
from runs.api.shapes import run_out
from runs.models import Run
from runs.reading import exports
from tests.factories import plant
from tests.runs.factories import work

FORMULAS = [
    '=HYPERLINK("http://evil.example","click")',
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(1)",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "\0=1+1",
    "＝1+1",
    "＋1+1",
    "－1+1",
    "＠SUM(1)",
    "  =1+1",
    "\u00a0=1+1",
    "\ufeff=1+1",
    "\u200b+1",
    " \u200b @SUM(1)",
    "=cmd|' /C calc'!A0",
    "'=1+1",
]
HARMLESS = ["Read the code", "a=1", "5 - 3", "“=1+1”", "", "3.5", "naïve ☃"]


def rows(runs: list[Run]) -> list[dict[str, str]]:
    file = io.StringIO(newline="")
    exports.write_csv(runs, file)
    file.seek(0)
    return list(csv.DictReader(file))


def unquoted(text: str) -> str:
    return text.removeprefix("'")


@pytest.mark.parametrize("text", FORMULAS)
def test_text_that_a_spreadsheet_would_calculate_gets_a_quote(text: str) -> None:
    assert exports.cell(text) == f"'{text}"
    assert unquoted(exports.cell(text)) == text


@pytest.mark.parametrize("text", HARMLESS)
def test_plain_text_stays_as_it_is(text: str) -> None:
    assert exports.cell(text) == text


def test_numbers_stay_numbers_even_below_zero() -> None:
    assert [exports.cell(-1), exports.cell(0.5), exports.cell(None)] == [-1, 0.5, None]


@pytest.mark.parametrize("text", [*FORMULAS, 'a "quoted", word', "two\nlines"])
def test_hostile_text_comes_back_whole_from_every_text_column(ada: User, text: str) -> None:
    if "\0" in text and connection.vendor == "postgresql":
        pytest.skip("PostgreSQL keeps no NUL")
    run = actions.start(plant(ada, "x"), actions.Options())
    run.content = text
    run.subtasks.update(content=text, error=text)
    (row,) = rows([run])
    for column in ("run_content", "content", "error"):
        assert row[column] == exports.cell(text)
        assert unquoted(row[column]) == text


def test_csv_has_a_row_for_each_subtask_of_each_run(db: None) -> None:
    made = work({"a": {}, "b": {"needs": ["a"]}})
    made.do("a")
    found = rows([made.run, work({"c": {}}).run])
    assert [(row["run"], row["key"], row["status"]) for row in found] == [
        (str(made.run_id), "a", "completed"),
        (str(made.run_id), "b", "pending"),
        (found[2]["run"], "c", "pending"),
    ]
    assert (found[0]["seconds"], found[0]["tries"], found[1]["seconds"]) == ("0.0", "1", "")
    assert found[0]["started_at"] == "2100-01-01T00:00:00Z"


def test_a_run_with_more_subtasks_than_are_read_at_once_is_written_whole(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "AT_ONCE", 2)
    made = work({key: {} for key in "abcde"})
    assert [row["key"] for row in rows([made.run])] == list("abcde")
    assert [subtask["key"] for subtask in as_json([made.run])[0]["subtasks"]] == list("abcde")


def as_json(runs: list[Run]) -> list[dict[str, Any]]:
    file = io.BytesIO()
    exports.write_json(runs, file)
    found: list[dict[str, Any]] = json.loads(file.getvalue())["runs"]
    return found


def test_json_is_what_the_api_says_with_subtasks_and_attempts(db: None) -> None:
    made = work({"a": {"content": "=1+1"}, "b": {"needs": ["a"]}})
    made.do("a")
    (run,) = as_json([made.run])
    subtasks, aggregates = run.pop("subtasks"), run.pop("aggregates")
    assert aggregates == []
    assert (run["id"], run["counts"]["completed"]) == (str(made.run_id), 1)
    assert set(run) == set(run_out(made.run))
    assert [(one["key"], one["content"], one["depends_on"]) for one in subtasks] == [
        ("a", "=1+1", []),
        ("b", "Do b", ["a"]),
    ]
    assert [[attempt["status"] for attempt in one["attempts"]] for one in subtasks] == [["succeeded"], []]


def test_no_runs_make_an_empty_list(db: None) -> None:
    assert as_json([]) == []
    assert rows([]) == []
