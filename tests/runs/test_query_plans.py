"""PostgreSQL reads no large table from end to end for a hot statement (`python -m tests.plans`: of a million rows)."""

import pytest
from django.db import connection

from tests import plans

pytestmark = pytest.mark.django_db


@pytest.mark.skipif(connection.vendor != "postgresql", reason="looks at PostgreSQL's plans")
def test_no_hot_statement_reads_a_large_table_from_end_to_end() -> None:
    made = plans.fill(50_000)
    with plans.explained() as found:
        plans.act(made)
    assert len(found) > 60
    assert {" ".join(seen.text.split())[:200]: seen.scans for seen in found.values() if seen.scans} == {}
