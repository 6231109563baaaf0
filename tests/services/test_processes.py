"""Several processes on one PostgreSQL and one Redis, started as people start them: `make scale`, a drain, a backup."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from tests import scale, servers

pytestmark = pytest.mark.services

START_SECONDS = 180.0
END_SECONDS = 90.0


@pytest.fixture(scope="module")
def services() -> Iterator[tuple[servers.Postgres, servers.Redis]]:
    with servers.postgres() as database, servers.redis_server() as redis:
        yield database, redis


def named(database: str, redis: str, home: Path) -> dict[str, str]:
    """The environment of the processes."""
    ours = ("ABREAST_", "DJANGO_SETTINGS_MODULE", "PYTEST_", "DATABASE_URL", "REDIS_URL", "CELERY_")
    found = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    found |= {"DATABASE_URL": database, "REDIS_URL": redis, "CELERY_BROKER_URL": redis, "ABREAST_HOME": str(home)}
    return found | {"ABREAST_SECRET_KEY": "only for the tests", "PORT": str(servers.free_port()), "DEMO": "0"}


def manage(environment: dict[str, str], *words: str) -> str:
    command = [sys.executable, "manage.py", *words]
    told = subprocess.run(command, cwd=scale.ROOT, env=environment, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr[-2_000:]
    return told.stdout.strip()


@contextmanager
def process(environment: dict[str, str], *words: str) -> Iterator["subprocess.Popen[str]"]:
    started = subprocess.Popen(
        [sys.executable, *words], cwd=scale.ROOT, env=environment, stdout=subprocess.PIPE, text=True
    )
    try:
        yield started
    finally:
        started.kill()
        started.communicate()


def heard(started: "subprocess.Popen[str]", words: str) -> str:
    """The first line of it that has these words."""
    assert started.stdout is not None
    return next(line for line in started.stdout if words in line)


def stopped(started: "subprocess.Popen[str]") -> int:
    started.send_signal(signal.SIGTERM)
    return started.wait(END_SECONDS)


class Client:
    def __init__(self, environment: dict[str, str]) -> None:
        token = manage(environment, "create_token", "tests", "--scope", "operator", "--commands")
        url = f"http://127.0.0.1:{environment['PORT']}/api/v1/"
        self.url, self.headers = url, {"Authorization": f"Bearer {token}"}

    def run(self, count: int, seconds: float, backend: str) -> str:
        return self.start({"name": "simulate", "seconds": seconds}, backend, count)

    def start(self, executor: dict[str, Any], backend: str, count: int = 1) -> str:
        children = [{"key": f"s{at}", "content": "Wait", "executor": executor} for at in range(count)]
        body = {"content": "Together", "backend": backend, "max_agents": count, "subtasks": children}
        answer = httpx.post(f"{self.url}runs/", json=body, headers=self.headers, timeout=30)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def progress(self, run: str) -> dict[str, Any]:
        found: dict[str, Any] = httpx.get(f"{self.url}runs/{run}/", headers=self.headers, timeout=30).json()
        return found

    def output(self, run: str) -> str:
        return httpx.get(f"{self.url}runs/{run}/subtasks/s0/output/", headers=self.headers, timeout=30).text

    def cancel(self, run: str) -> None:
        answer = httpx.post(f"{self.url}runs/{run}/cancel/", headers=self.headers, timeout=30)
        assert answer.status_code == 200, answer.text


def test_make_scale_carries_a_run_out_drains_and_a_backup_of_it_goes_on(
    services: tuple[servers.Postgres, servers.Redis], tmp_path: Path
) -> None:
    database, redis = services
    environment = named(database.url, redis.url, tmp_path / "home")
    with process(environment, "-m", "tests.scale") as all_of_it:
        heard(all_of_it, "Abreast is at")
        client = Client(environment)
        done = client.run(20, 0.01, "celery")
        servers.until(lambda: client.progress(done)["status"] == "completed", "the run ends", END_SECONDS)
        left = client.run(4, 120, "celery")
        servers.until(lambda: _under_way(database.url, left) == 4, "its subtasks are taken up", END_SECONDS)
        assert stopped(all_of_it) == 0
    assert _attempts(database.url, left) == {("cancelled", 0)}  # handed back, which costs no attempt
    manage(environment, "verify")
    with ExitStack() as stack:
        copy = _restored(database)
        later = named(copy, redis.url, tmp_path / "later")
        for words in (("web",), ("orchestrate",), ("worker", "--seats", "4", "--name", "later")):
            stack.enter_context(process(later, "manage.py", *words))
        servers.until(lambda: _under_way(copy, left) == 4, "the restored run goes on", START_SECONDS)
        manage(later, "verify")


def test_what_a_command_prints_on_a_worker_is_seen_and_a_cancel_ends_all_it_started(
    services: tuple[servers.Postgres, servers.Redis], tmp_path: Path
) -> None:
    database, redis = services
    subprocess.run([servers.programs() / "psql", "--quiet", database.url, "-c", "CREATE DATABASE shell"], check=True)
    address = database.url.rsplit("/", 1)[0] + "/shell"
    environment = named(address, redis.url, tmp_path / "home") | {"ABREAST_SHELL": "trusted"}
    with ExitStack() as stack:
        for words in (("web",), ("orchestrate",), ("worker", "--seats", "2", "--name", "hands")):
            stack.enter_context(process(environment, "manage.py", *words))
        ready = f"http://127.0.0.1:{environment['PORT']}/readyz"
        servers.until(lambda: servers.answers(ready), "the web process answers", START_SECONDS)
        client = Client(environment)
        # Numbers of its own: what is left of them could not be anybody else's.
        command = "sleep 86397 & setsid sleep 86398 & echo it has begun; sleep 86399"
        run = client.start({"name": "shell", "command": command}, "celery")
        servers.until(lambda: "it has begun" in client.output(run), "what it prints is seen", END_SECONDS)
        servers.until(lambda: _sleeping() == 3, "all of it is there", END_SECONDS)
        client.cancel(run)
        servers.until(lambda: client.progress(run)["status"] == "cancelled", "the run ends", END_SECONDS)
        servers.until(lambda: _sleeping() == 0, "all of it ends", END_SECONDS)


def _sleeping() -> int:
    """How many of the command's processes there are."""
    commands = [one.info["cmdline"] or [] for one in psutil.process_iter(["cmdline"])]
    return sum(words[:1] == ["sleep"] and words[-1] in ("86397", "86398", "86399") for words in commands)


def _restored(database: servers.Postgres) -> str:
    """What `docs/scaling.md` says: a dump, loaded into an empty database."""
    programs = servers.programs()
    dump = subprocess.run([programs / "pg_dump", "--dbname", database.url], capture_output=True, check=True).stdout
    subprocess.run([programs / "psql", "--quiet", database.url, "-c", "CREATE DATABASE later"], check=True)
    copy = database.url.rsplit("/", 1)[0] + "/later"
    subprocess.run([programs / "psql", "--quiet", copy], input=dump, stdout=subprocess.DEVNULL, check=True)
    return copy


def _asked(url: str, text: str, run: str) -> list[Any]:
    import psycopg

    with psycopg.connect(url) as connection:
        return connection.execute(text, [run]).fetchall()


def _under_way(url: str, run: str) -> int:
    text = "SELECT count(*) FROM runs_attempt WHERE status = 'running' AND run_id = %s"
    return int(_asked(url, text, run)[0][0])


def _attempts(url: str, run: str) -> set[tuple[str, int]]:
    """How its attempts ended, and how many tries their subtasks have used up; those that lie in the queue count not."""
    text = (
        "SELECT a.status, s.attempts_used - (SELECT count(*) FROM runs_attempt q WHERE q.subtask_id = s.id AND "
        "q.status = 'leased') FROM runs_attempt a JOIN runs_subtask s ON s.id = a.subtask_id "
        "WHERE a.status <> 'leased' AND a.run_id = %s"
    )
    return {(status, used) for status, used in _asked(url, text, run)}


def test_a_signal_ends_the_wait_for_another_that_leads(
    services: tuple[servers.Postgres, servers.Redis], tmp_path: Path
) -> None:
    database, redis = services
    environment = named(database.url, redis.url, tmp_path / "home")
    with process(environment, "manage.py", "orchestrate") as leading:
        heard(leading, "leading")
        with process(environment, "manage.py", "up") as waiting:
            heard(waiting, "another process leads")
            assert stopped(waiting) == 0
            assert waiting.stdout is not None and waiting.stdout.read().strip() == "stopped"
        assert stopped(leading) == 0
