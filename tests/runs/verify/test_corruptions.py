"""Every check of `verify` finds the damage it is there for, and says which row is wrong."""

import json
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection, transaction

from runs import outputs
from runs.verify import (
    CHECKS,
    added,
    aggregates,
    budgets,
    conditions,
    holds,
    lost,
    parallel,
    paused,
    people,
    phases,
    ranks,
    undone,
)
from tests.runs.verify import counters, log, rows
from tests.runs.verify.corruption import Corruption
from tests.runs.verify.history import Names, history, names

TABLES = [rows.CORRUPTIONS, log.CORRUPTIONS, counters.CORRUPTIONS]
CASES = [
    pytest.param(check, corruption, id=f"{check.split()[0]} {corruption.name}")
    for table in TABLES
    for check, corruptions in table.items()
    for corruption in corruptions
]


def report(*arguments: str) -> tuple[int, dict[str, list[str]]]:
    """The exit code of the command, and what it found: sentences by check."""
    said, code = StringIO(), 0
    try:
        call_command("verify", "--json", *arguments, stdout=said)
    except SystemExit as end:
        code = int(end.code or 0)
    checks: list[dict[str, Any]] = json.loads(said.getvalue())["checks"]
    return code, {f"{found['id']} {found['says']}": found["shown"] for found in checks if found["count"]}


@pytest.fixture
def there(ada: User) -> Names:
    return names(history(ada))


def _switch_off_constraints(cursor: Any) -> None:
    """PostgreSQL takes them back with the transaction."""
    if connection.vendor == "sqlite":
        cursor.execute("PRAGMA ignore_check_constraints = ON")
        return
    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    cursor.execute("SET LOCAL session_replication_role = replica")
    cursor.execute("SELECT conrelid::regclass, conname FROM pg_constraint WHERE contype = 'c' AND conrelid > 0")
    for table, name in cursor.fetchall():
        if table.startswith(("runs_", "todos_")):
            cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')


@pytest.fixture
def damage(there: Names) -> Iterator[Any]:
    """Does something to the rows that no constraint may forbid, and takes it back: foreign keys are only looked at when
    a transaction is committed, and CHECK constraints are switched off meanwhile."""

    def do(corruption: Corruption) -> None:
        with connection.cursor() as cursor:
            _switch_off_constraints(cursor)
            for statement in corruption.sql:
                cursor.execute(statement.format(**there))
                assert cursor.rowcount > 0, f"this changes nothing: {statement}"
            if connection.vendor == "sqlite":
                cursor.execute("PRAGMA ignore_check_constraints = OFF")
        if corruption.output is not None:
            outputs.path(there["ended"], there["done"], 1).write_bytes(corruption.output)

    with transaction.atomic():
        yield do
        transaction.set_rollback(True)


def test_a_history_made_by_the_product_is_clean(there: Names) -> None:
    assert report() == (0, {})


@pytest.mark.parametrize(("check", "corruption"), CASES)
def test_the_damage_is_found(check: str, corruption: Corruption, there: Names, damage: Any) -> None:
    damage(corruption)
    code, found = report()
    assert found.pop(check, None) == [corruption.finds.format(**there)]
    assert {name.split()[0] for name in found} == set(corruption.also.split())
    assert code == 1


def test_every_check_has_its_damage() -> None:
    here = {name for table in TABLES for name in table}
    checks = (
        added.CHECKS
        + aggregates.CHECKS
        + conditions.CHECKS
        + holds.CHECKS
        + lost.CHECKS
        + phases.CHECKS
        + budgets.CHECKS
        + paused.CHECKS
        + people.CHECKS
        + ranks.CHECKS
        + undone.CHECKS
        + parallel.CHECKS
    )
    elsewhere = {f"{check.id} {check.says}" for check in checks}  # they have tests of their own
    assert here | elsewhere == {f"{check.id} {check.says}" for check in CHECKS}
    assert not here & elsewhere
    assert all(corruptions for table in TABLES for corruptions in table.values())
