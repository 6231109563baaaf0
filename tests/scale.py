"""`make scale`: everything that several machines would share, on this one: PostgreSQL, Redis, web processes behind one
address, two orchestrators, Celery workers. Servers that the environment names are used; others come from wheels.

What it keeps is thrown away at the end, unless DATABASE_URL names a database.
"""

import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests import servers

START_SECONDS = 300.0
ROOT = Path(__file__).resolve().parent.parent


def environment(stack: ExitStack, given: Mapping[str, str] = os.environ) -> dict[str, str]:
    """That of the product's processes, with servers to use."""
    named = dict(given)
    if not named.get("DATABASE_URL"):
        named["DATABASE_URL"] = stack.enter_context(servers.postgres()).url
    if not named.get("REDIS_URL"):
        named["REDIS_URL"] = stack.enter_context(servers.redis_server()).url
    named.setdefault("CELERY_BROKER_URL", named["REDIS_URL"])
    named.setdefault("ABREAST_HOME", stack.enter_context(tempfile.TemporaryDirectory(prefix="abreast-scale-")))
    named.setdefault("PORT", "8000")
    return named


def command(*words: str, **named: str) -> "subprocess.Popen[bytes]":
    return process([sys.executable, "manage.py", *words], named)


def process(words: Sequence[str], named: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(words, cwd=ROOT, env={**os.environ, **named})


@contextmanager
def started(named: dict[str, str], *, web: int, orchestrators: int, workers: int, seats: int) -> Iterator[list]:
    """The processes, in this order; they are asked to stop at the end."""
    subprocess.run([sys.executable, "manage.py", "migrate", "--verbosity=0"], cwd=ROOT, env=named, check=True)
    processes = [command("web", **named) for _ in range(web)]
    processes += [command("orchestrate", **named) for _ in range(orchestrators)]
    processes += [command("worker", "--name", f"worker-{n}", "--seats", str(seats), **named) for n in range(workers)]
    try:
        yield processes
    finally:
        for process in processes:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in processes:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _ended(processes: "list[subprocess.Popen[bytes]]") -> bool:
    return any(process.poll() is not None for process in processes)


def main() -> None:
    over = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: over.set())
    with ExitStack() as stack:
        named = environment(stack)
        with started(named, web=2, orchestrators=2, workers=2, seats=4) as processes:
            url = f"http://127.0.0.1:{named['PORT']}"
            ready = lambda: over.is_set() or _ended(processes) or servers.answers(f"{url}/readyz")  # noqa: E731
            servers.until(ready, "the web processes answer", START_SECONDS)
            if _ended(processes):
                sys.exit("a process ended while the others started")
            print(
                f"Abreast is at {url}, on {named['DATABASE_URL']} and {named['REDIS_URL']} — Ctrl-C stops it",
                flush=True,
            )
            subprocess.run([sys.executable, "manage.py", "login_link"], cwd=ROOT, env=named, check=False)
            over.wait()


if __name__ == "__main__":
    main()
