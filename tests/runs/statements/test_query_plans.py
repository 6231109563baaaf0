"""PostgreSQL reads no large table from end to end for a hot statement (`python -m tests.plans`: of a million rows)."""

import pytest
from django.db import connection

from runs import sql, transitions
from runs.reports import Report, Said
from runs.statements.claiming import HOLD_BACK
from runs.statements.leasing import ASK, LEASE_SUBTASKS
from tests import plans
from tests.runs.factories import work

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="looks at PostgreSQL's plans"),
]


def test_no_hot_statement_reads_a_large_table_from_end_to_end() -> None:
    made = plans.fill(50_000)
    with plans.explained() as found:
        plans.act(made)
    assert len(found) > 60
    assert {" ".join(seen.text.split())[-200:]: seen.scans for seen in found.values() if seen.scans} == {}


def test_rows_of_a_new_large_run_are_found_by_their_numbers_before_anybody_has_counted_them() -> None:
    made = work({f"s{at}": {} for at in range(300)}, max_agents=64)
    leases = [made.begin(f"s{at}") for at in range(64)]
    ends = [Report(Said.COMPLETE, made.run_id, lease.attempt, lease.epoch) for lease in leases]
    with plans.explained() as found, made.entry() as entry:
        transitions.apply(entry, ends, 0.0)
    changes = [seen for seen in found.values() if "UPDATE runs_subtask" in seen.text or "runs_attempt SET" in seen.text]
    assert len(changes) == 2
    walked = {"subtask_by_status", "subtask_ready_by_rank", "attempt_open_by_lease"}
    assert [seen.text[-99:] for seen in changes if walked & {index for _, _, index in seen.nodes}] == []
    assert all("CTE Scan" in [kind for kind, _, _ in seen.nodes] for seen in changes)


@pytest.mark.parametrize(
    ("statement", "rows"),
    [(LEASE_SUBTASKS, [[1, 1, None]]), (ASK, [[1, 1]]), (HOLD_BACK, [[1, "", "", None, None, None]])],
)
def test_who_is_first_in_line_is_taken_by_id_even_while_no_statistics_say_how_long_the_line_is(
    statement: sql.Statement, rows: list[list[object]]
) -> None:
    made = work({f"s{at}": {} for at in range(500)})
    told = {"run": made.run_id, "now": made.now}
    with plans.explained() as found:
        statement(rows, **told)
    [seen] = found.values()
    assert {index for _, table, index in seen.nodes if table == "runs_subtask" and index} == {"runs_subtask_pkey"}
