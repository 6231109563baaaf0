"""A Celery application with one line in it, on a real worker: what it does is seen, and it does not notice."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from runs import portable
from tests.docs.reading import fences
from tests.live_server import Server, running
from tests.servers import Redis, free_port, redis_server, until

pytestmark = pytest.mark.services

PATIENCE = 120.0  # seconds: a worker takes its time to start

TASKS = """

@app.task
def add(a, b):
    return a + b


@app.task
def broken():
    raise LookupError("no such order")


@app.task(bind=True, max_retries=3)
def flaky(self):
    if self.request.retries < 2:
        raise self.retry(exc=ConnectionError("no route"), countdown=0)


@app.task(ignore_result=True)
def slow():
    import time
    time.sleep(60)
"""

PUBLISH = """
import shop
for number in range(6):
    shop.add.delay(number, number)
shop.broken.apply_async(task_id="broken")
shop.flaky.apply_async(task_id="flaky")
shop.slow.apply_async(task_id="late", expires=-1)
shop.add.apply_async((1, 2), task_id="odd name/1")
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running() as found:
        yield found


@pytest.fixture(scope="module")
def redis() -> Iterator[Redis]:
    with redis_server() as found:
        yield found


@pytest.fixture
def broker(redis: Redis) -> str:
    """One with nothing in it."""
    redis.flush()
    return redis.url


def an_app(folder: Path, server_url: str, token: str, broker: str, name: str) -> None:
    """The application as the guide has it, with tasks, and a name of its own."""
    (text,) = [fence.text for fence in fences("docs/agents.md", "python") if "abreast_celery" in fence.text]
    text = text.replace("redis://127.0.0.1:6379/0", broker).replace("http://127.0.0.1:8000", server_url)
    (folder / "shop.py").write_text(text.replace('"abr_a_…"', f"{token!r}, name={name!r}") + TASKS)
    (folder / "abreast_celery.py").write_text(portable.one_file(portable.CELERY))


# That of an application which has nothing to do with these tests.
ENVIRONMENT = {"PATH": os.environ["PATH"], "C_FORCE_ROOT": "1"}


def python(folder: Path, *arguments: str) -> str:
    command = [sys.executable, *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=PATIENCE, env=ENVIRONMENT)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


@contextmanager
def worker(folder: Path, *arguments: str) -> Iterator[Path]:
    """A worker of the application while the block lasts; gives its log."""
    log = folder / "worker.log"
    command = [sys.executable, "-m", "celery", "-A", "shop", "worker", "-c2", "-lINFO", "-n", "w@here", *arguments]
    with log.open("wb") as out:
        process = subprocess.Popen(command, cwd=folder, stdout=out, stderr=out, env=ENVIRONMENT, start_new_session=True)
    try:
        yield log
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def newest_run(server: Server) -> dict[str, Any]:
    found: dict[str, Any] = server.call("GET", "runs/?backend=tracked")["results"][0]
    return found


def still_open(server: Server) -> int:
    """How many have not ended. What is tried again is not even under way between two tries."""
    counts = newest_run(server)["counts"]
    return int(counts["pending"] + counts["in_progress"])


def subtasks(server: Server, run: str) -> dict[str, Any]:
    """By key."""
    rows = server.call("GET", f"runs/{run}/subtasks/?limit=500")["results"]
    return {row["key"]: row for row in rows}


@pytest.mark.parametrize("pool", ["prefork", "threads"])
def test_an_application_shows_as_a_run(server: Server, broker: str, tmp_path: Path, pool: str) -> None:
    an_app(tmp_path, server.url, server.token, broker, pool)
    python(tmp_path, "-c", PUBLISH)
    run = newest_run(server)["id"]
    queued = subtasks(server, run)
    assert len(queued) == 10, "before it ended it told all"
    assert {row["status"] for row in queued.values()} == {"pending"}
    assert queued["flaky"]["content"] == "shop.flaky"
    with worker(tmp_path, f"--pool={pool}") as log:
        until(lambda: not still_open(server), "all has ended", PATIENCE)
        assert "something could not be reported" not in log.read_text()
    counts = newest_run(server)["counts"]
    assert (newest_run(server)["content"], counts["completed"], counts["failed"]) == (f"Celery: {pool}", 8, 1)
    found = subtasks(server, run)
    assert (found["broken"]["status"], found["broken"]["error"]) == ("failed", "LookupError: no such order")
    assert (found["late"]["status"], found["late"]["content"]) == ("cancelled", "shop.slow")
    flaky = server.call("GET", f"runs/{run}/subtasks/flaky/")
    *tries, last = [(one["status"], one["error"]) for one in flaky["attempts"]]
    assert last == ("succeeded", None)
    # A try may begin before the end of the one before it is told: that one then ends without a word.
    assert set(tries) <= {("cancelled", "Retry in 0s: ConnectionError('no route')"), ("cancelled", None)}
    assert tries or pool == "prefork"  # processes tell what they did one after the other
    assert {row["agent"] for row in found.values()} - {None} <= {"w@here 1", "w@here 2"}


def test_an_application_works_as_well_without_its_server(broker: str, tmp_path: Path) -> None:
    an_app(tmp_path, f"http://127.0.0.1:{free_port()}", "abr_a_x", broker, "alone")
    printed = python(tmp_path, "-c", "import shop; shop.add.delay(1, 2); print(shop.add.apply((1, 2)).get())")
    assert "3\n" in printed
    assert "the server does not answer" in printed
