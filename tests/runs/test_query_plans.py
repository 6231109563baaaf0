"""PostgreSQL reads no large table from end to end for a hot statement (`python -m tests.plans`: of a million rows)."""

import pytest
from django.db import connection

from runs import transitions
from runs.reports import Report, Said
from tests import plans
from tests.runs.making import work

pytestmark = pytest.mark.django_db


@pytest.mark.skipif(connection.vendor != "postgresql", reason="looks at PostgreSQL's plans")
def test_no_hot_statement_reads_a_large_table_from_end_to_end() -> None:
    made = plans.fill(50_000)
    with plans.explained() as found:
        plans.act(made)
    assert len(found) > 60
    assert {" ".join(seen.text.split())[-200:]: seen.scans for seen in found.values() if seen.scans} == {}


@pytest.mark.skipif(connection.vendor != "postgresql", reason="looks at PostgreSQL's plans")
def test_rows_of_a_new_large_run_are_found_by_their_numbers_before_anybody_has_counted_them() -> None:
    made = work({f"s{at}": {} for at in range(300)}, max_agents=64)
    leases = [made.begin(f"s{at}") for at in range(64)]
    ends = [Report(Said.COMPLETE, made.run_id, lease.attempt, lease.epoch) for lease in leases]
    with plans.explained() as found, made.entry() as entry:
        transitions.apply(entry, ends, 0.0)
    changes = [seen for seen in found.values() if "UPDATE runs_subtask" in seen.text or "runs_attempt SET" in seen.text]
    assert len(changes) == 2
    walked = ("subtask_by_status", "subtask_ready_by_rank", "attempt_open_by_lease")
    assert {
        seen.text[-99:]: seen.nodes for seen in changes if any(("Index", name) in seen.nodes for name in walked)
    } == {}
    assert all("CTE Scan" in [kind for kind, _ in seen.nodes] for seen in changes)
