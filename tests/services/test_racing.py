"""Many agents at two web processes on one PostgreSQL: each attempt goes to one of them."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest

from runs.orchestrating.neighbours import CHANNEL
from tests import scale, servers
from tests.server.process import Server
from tests.server.racing import enter, race

pytestmark = pytest.mark.services


class Deployed(Server):
    """Processes that share a PostgreSQL and a port. Requests go to whichever the system chooses."""

    def __init__(self, home: Path, database: str) -> None:
        super().__init__(home, home)
        self._port = servers.free_port()
        self.environment |= {"DATABASE_URL": database, "PORT": str(self._port), "HOST": "127.0.0.1"}
        self._token = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def token(self) -> str:
        self._token = self._token or self.manage("create_token", "race", "--scope", "operator").stdout.strip()
        return self._token


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    with servers.postgres() as postgres:
        found = Deployed(tmp_path_factory.mktemp("deployed"), postgres.url)
        with scale.started(found.environment, web=2, orchestrators=1, workers=0, seats=0):
            servers.until(lambda: servers.answers(f"{found.url}/readyz"), "the web processes answer", 120)
            yield found


def test_each_web_process_writes_many_reports_at_a_time(deployed: Deployed) -> None:
    """Its ledger tells how many; `manage.py web` has one of its own."""
    found = httpx.get(f"{deployed.url}/metrics", headers={"Authorization": f"Bearer {deployed.token}"}, timeout=60)
    assert "abreast_ledger_batch_size_count" in found.text
    assert "abreast_workers" not in found.text


def test_each_process_hears_the_others(deployed: Deployed) -> None:
    """The connections that listen: of two web processes and one that orchestrates."""
    asked = "SELECT count(*) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND query LIKE %s"
    with psycopg.connect(deployed.environment["DATABASE_URL"], autocommit=True) as connection:
        servers.until(
            lambda: connection.execute(asked, [f"%{CHANNEL}%"]).fetchone() == (3,), "all of them listen to each other"
        )


def test_no_two_agents_get_the_same_attempt(deployed: Deployed) -> None:
    race(enter(deployed))
    checked = deployed.manage("verify")
    assert checked.returncode == 0, checked.stdout
