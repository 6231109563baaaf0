"""The SQL of the transitions: values come through unharmed, and no statement walks what it need not."""

import math
import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from django.db import connection

from runs import journal, sql, statements
from runs.sql import Statement, json_text, json_value, moment, stamp
from tests.runs.factories import NOW

ALL = {
    name: statement
    for module in (statements, journal)
    for name, statement in vars(module).items()
    if isinstance(statement, Statement)
}
WITH_ROWS = [name for name, statement in ALL.items() if statement.columns]

ECHO = Statement("a bigint, b text, c float8", "SELECT v.a, v.b, v.c, %(other)s FROM {rows}")


def plan(name: str) -> list[str]:
    """How SQLite would go about a statement, a line a table."""
    if connection.vendor != "sqlite":
        pytest.skip("how SQLite goes about it; for PostgreSQL see tests/services")
    text = sql._text(ALL[name], connection.vendor)
    values: dict[str, Any] = dict.fromkeys(re.findall(r"%\((\w+)\)s", text), 1)
    if "rows" in values:
        values["rows"] = "[]"
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {text}", values)
        return [line for *_, line in cursor.fetchall()]


# ---- values ----


@pytest.mark.django_db
def test_rows_come_back_as_they_went_in() -> None:
    rows = [(1, "é ' \" % \\ ☂ \U0001f333", 0.1), (2**62, "", -1e300), (None, None, None)]
    assert ECHO(rows, other="%s") == [(*row, "%s") for row in rows]


@pytest.mark.django_db
@pytest.mark.parametrize("text", ["NaN", "-Infinity"])
def test_words_for_what_is_no_number_are_text_like_any(text: str) -> None:
    assert ECHO([(1, text, 0.5)], other=text) == [(1, text, 0.5, text)]


@pytest.mark.django_db
@pytest.mark.parametrize("row", [(1, "NaN", math.nan), (1, "", -math.inf), (1, "a\ud800", 0.5)])
def test_what_no_database_could_give_back_is_refused(row: tuple[int, str, float]) -> None:
    with pytest.raises(ValueError):
        ECHO([row], other=1)


@pytest.mark.django_db
def test_no_rows_give_no_rows() -> None:
    assert ECHO([], other=1) == []


@pytest.mark.parametrize(
    "time", [NOW, NOW + timedelta(microseconds=1), datetime(1999, 12, 31, 23, 59, 59, 999999, UTC)]
)
def test_a_time_comes_back_as_it_was_stored(time: datetime) -> None:
    assert moment(stamp(time)) == time


def test_a_time_is_stored_in_utc_wherever_it_was_taken() -> None:
    elsewhere = NOW.astimezone(timezone(timedelta(hours=5, minutes=30)))
    assert stamp(elsewhere) == stamp(NOW)


def test_stored_times_sort_as_text_like_the_times_they_are() -> None:
    times = [NOW + timedelta(microseconds=step) for step in (0, 1, 999_999, 1_000_000, 86_400_000_000)]
    assert sorted(map(stamp, times), key=str) == [stamp(time) for time in times]


def test_no_time_stays_no_time() -> None:
    assert stamp(None) is None
    assert moment(None) is None


@pytest.mark.parametrize("value", [None, 0, "é", {"a": [1, {"b": None}]}, [], "null"])
def test_json_columns_come_back_as_they_were(value: object) -> None:
    assert json_value(json_text(value)) == value


# ---- ways through the tables ----


@pytest.mark.django_db
@pytest.mark.parametrize("name", WITH_ROWS)
def test_a_statement_that_is_given_rows_looks_each_of_them_up(name: str) -> None:
    twins = "claims_group=? AND waits_key"
    keys = (
        *(
            "rowid=?",
            "before_id=?",
            "run_id=? AND agent_id=?",
            "attempt_id=?",
            "subtask_id=? AND epoch=?",
            "kind=? AND name=?",
            "waits_key=?",
        ),
        *(f"{twins}=?", f"{twins}>? AND waits_key<?", f"{twins}=? AND priority>?"),
        *("run_id=? AND status=?", "run_id=? AND lane=?", "run_id=? AND aged=? AND priority=? AND ready_at<?"),
    )
    for line in plan(name):
        table = re.match(r"(SCAN|SEARCH) (\w+)", line)
        if table and table[2] not in ("json_each", "d", "v", "b"):
            assert line.startswith("SEARCH"), line
            assert line.endswith(tuple(f"({key})" for key in keys)), line


@pytest.mark.django_db
def test_the_next_subtasks_come_off_their_index_in_order() -> None:
    assert plan("READY") == ["SEARCH runs_subtask USING INDEX subtask_ready_by_rank (run_id=? AND lane=?)"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "indexes"),
    [
        ("UNDELAY", ["subtask_delayed"]),
        ("WAITED_LONG_ENOUGH", ["subtask_waits_until"]),
        ("STARVING", ["subtask_waits_since"]),
        ("TO_VISIT", ["subtask_delayed", "subtask_waits_until"]),
    ],
)
def test_subtasks_that_wait_for_a_time_are_found_by_it(name: str, indexes: list[str]) -> None:
    lines = [line for line in plan(name) if " runs_subtask " in line or " s " in line]
    assert len(lines) == len(indexes)
    assert all(index in line for index, line in zip(indexes, lines))


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["PHASE", "BEGIN_PHASE"])
def test_a_phase_is_looked_at_without_the_others(name: str) -> None:
    searches = [line for line in plan(name) if "runs_subtask" in line]
    assert searches
    assert all(line.endswith("INDEX subtask_by_phase (run_id=? AND phase=? AND status=?)") for line in searches)


@pytest.mark.django_db
def test_the_next_phase_is_looked_for_behind_this_one() -> None:
    assert plan("NEXT_PHASE")[-1] == "SEARCH runs_subtask USING COVERING INDEX subtask_by_phase (run_id=? AND phase>?)"


@pytest.mark.django_db
def test_who_climbs_is_found_by_class_and_time() -> None:
    assert any(
        "INDEX subtask_by_age (run_id=? AND aged=? AND priority=? AND ready_at<?)" in line for line in plan("CLIMB")
    )


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["OVERDUE", "OPEN_LEASES"])
def test_open_attempts_are_found_without_those_that_have_ended(name: str) -> None:
    how = {"OVERDUE": "SCAN {}", "OPEN_LEASES": "SEARCH {} (lease_expires_at>?)"}[name]
    table = {"OVERDUE": "runs_attempt", "OPEN_LEASES": "a"}[name]
    assert plan(name)[0] == how.format(f"{table} USING INDEX attempt_open_by_lease")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "index"), [("RETRY_SOONER", "subtask_delayed"), ("LOOK_SOONER", "subtask_waits_until")]
)
def test_who_waits_for_a_time_is_found_without_the_others(name: str, index: str) -> None:
    assert any(f"INDEX {index}" in line for line in plan(name))


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["TO_VISIT", "UNDER_WAY", "CANCEL_OVERDUE"])
def test_the_sweep_reads_no_run_that_has_ended(name: str) -> None:
    assert any("INDEX run_unended" in line for line in plan(name))


@pytest.mark.parametrize("name", [name for name, made in ALL.items() if made.text.strip().startswith("UPDATE runs_")])
def test_every_change_of_an_attempt_names_the_states_and_the_epoch_it_starts_from(name: str) -> None:
    text = ALL[name].text
    changes_state = re.search(r"SET\s+(\w+ = [^,]+, )*status =", text)
    if changes_state and "runs_run" not in text:
        assert re.search(r"status (\|\| '' )?(= '|IN \()", text.split("WHERE", 1)[1]), text
    if "runs_attempt SET" in text and name != "EXTEND_LEASES":
        assert "runs_attempt.epoch = v.epoch" in text
