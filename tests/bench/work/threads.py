"""Physical floors: what four threads need when nothing is recorded, and when two states a task are committed."""

import argparse
import json
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.work import graph

Task = Callable[[int], None]


class Store:
    """Tasks in SQLite: each move is a committed, guarded UPDATE. Threads take turns at a lock instead of sleeping."""

    def __init__(self, path: Path, synchronous: str, tasks: int) -> None:
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute(f"PRAGMA synchronous={synchronous}")
        self._connection.execute("CREATE TABLE task (id INTEGER PRIMARY KEY, state TEXT NOT NULL)")
        self._connection.execute("CREATE INDEX task_by_state ON task (state)")
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.executemany("INSERT INTO task VALUES (?, 'ready')", ((number,) for number in range(tasks)))
        self._connection.execute("COMMIT")

    def move(self, task: int, before: str, after: str) -> None:
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            moved = self._connection.execute(
                "UPDATE task SET state = ? WHERE id = ? AND state = ?", (after, task, before)
            ).rowcount
            self._connection.execute("COMMIT")
        assert moved == 1

    def done(self) -> int:
        (count,) = self._connection.execute("SELECT COUNT(*) FROM task WHERE state = 'done'").fetchone()
        return int(count)

    def recorded(self, task: Task) -> Task:
        """The task with its two states."""

        def run(number: int) -> None:
            self.move(number, "ready", "running")
            task(number)
            self.move(number, "running", "done")

        return run


def no_op(number: int) -> None:
    pass


def nap(number: int) -> None:
    time.sleep(graph.TASK_SECONDS)


def each(task: Task, tasks: int) -> None:
    with ThreadPoolExecutor(graph.AGENTS) as pool:
        for future in [pool.submit(task, number) for number in range(tasks)]:
            future.result()


def in_order(task: Task, needs: Mapping[str, list[str]]) -> None:
    """Each as soon as all it needs is done: counters in memory, nothing kept."""
    number = {name: at for at, name in enumerate(needs)}
    unmet = {name: len(before) for name, before in needs.items()}
    after: dict[str, list[str]] = {name: [] for name in needs}
    for name, before in needs.items():
        for need in before:
            after[need].append(name)
    lock, all_done, left = threading.Lock(), threading.Event(), len(needs)

    def run(name: str) -> None:
        nonlocal left
        task(number[name])
        with lock:
            for follower in after[name]:
                unmet[follower] -= 1
            ready = [follower for follower in after[name] if not unmet[follower]]
            left -= 1
            if not left:
                all_done.set()
        for follower in ready:
            pool.submit(run, follower)

    with ThreadPoolExecutor(graph.AGENTS) as pool:
        for name in [name for name, count in unmet.items() if not count]:
            pool.submit(run, name)
        all_done.wait()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["no-ops", "graph"])
    parser.add_argument("--tasks", type=int, default=graph.LAYERS * graph.WIDTH)
    parser.add_argument("--synchronous", choices=["NORMAL", "FULL"], help="keep the tasks in SQLite")
    options = parser.parse_args()
    task: Task = no_op if options.what == "no-ops" else nap
    needs = graph.layered()
    with TemporaryDirectory() as folder:
        begun = time.perf_counter()
        if options.synchronous:
            store = Store(Path(folder) / "floor.sqlite3", options.synchronous, options.tasks)
            task = store.recorded(task)
        if options.what == "no-ops":
            each(task, options.tasks)
        else:
            in_order(task, needs)
        seconds = time.perf_counter() - begun
        assert not options.synchronous or store.done() == options.tasks
    print(json.dumps({"seconds": seconds, "tasks": options.tasks}))


if __name__ == "__main__":
    main()
