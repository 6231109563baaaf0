"""`kill -9` at moments nobody chose: nothing is lost, nothing is completed twice.

What really ran is known from books outside the database: each command and each call writes into a file of its own when
it begins and when it ends. In the end they are compared with what the server says.

`ABREAST_TEST_SEED` repeats the moments of an earlier try; `KILLS=10` kills more often.
"""

import os
import random
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.server.process import Server

SEED = int(os.environ.get("ABREAST_TEST_SEED") or random.SystemRandom().randrange(1_000_000))
KILLS = int(os.environ.get("KILLS") or 3)
EARLIEST, LATEST = 0.6, 4.0  # seconds from the start of a process to its end: the earliest come before it serves
GROUPS = 3  # of subtasks, for each kill
ENDED = ("completed", "failed", "cancelled")
COMMAND = 'echo begin "$ABREAST_EPOCH" >> "$KEY.book"; sleep %s; echo end "$ABREAST_EPOCH" >> "$KEY.book"'


def subtask(key: str, name: str, **more: Any) -> dict[str, Any]:
    """It may be tried again as often as the server is killed, and some."""
    extra = {field: more.pop(field) for field in ("depends_on", "max_retries", "estimated_seconds") if field in more}
    return {"key": key, "content": f"Do {key}", "executor": {"name": name} | more, "max_retries": KILLS + 5} | extra


def shell(key: str, seconds: float, **more: Any) -> dict[str, Any]:
    return subtask(key, "shell", command=COMMAND % seconds, env={"KEY": key}, **more)


def call(key: str, seconds: float, **more: Any) -> dict[str, Any]:
    return subtask(key, "python", call="test.book", arguments={"key": key, "seconds": seconds}, **more)


def group(number: int, chance: random.Random) -> Iterator[dict[str, Any]]:
    """Commands and calls that keep books, long work, quick work, work that fails at first, and what depends on it."""

    def key(name: str) -> str:
        return f"{name}-{number}"

    def some() -> float:
        return round(chance.uniform(0.05, 1.2), 2)

    yield shell(key("first"), some())
    yield call(key("second"), some(), depends_on=[key("first")])
    yield shell(key("third"), some(), depends_on=[key("second")])
    yield call(key("alone"), some())
    yield call(key("quick-call"), 0, estimated_seconds=0.01)
    yield subtask(key("long"), "simulate", seconds=some() * 2)
    yield subtask(key("clumsy"), "simulate", seconds=0.01, fail_times=1, depends_on=[key("alone")])
    yield subtask(key("hopeless"), "simulate", seconds=0, fail_times=1_000, max_retries=0)
    yield subtask(key("never"), "simulate", seconds=0, depends_on=[key("hopeless")])
    for each in range(8):
        yield subtask(key(f"quick-{each}"), "simulate", seconds=0)
        yield subtask(key(f"read-{each}"), "read", path="some.txt", estimated_seconds=0.001)


def tree(chance: random.Random) -> dict[str, Any]:
    subtasks = [each for number in range(GROUPS * KILLS) for each in group(number, chance)]
    return {"content": "Work that is interrupted", "subtasks": subtasks}


def expected(key: str) -> str:
    return {"hopeless": "failed", "never": "skipped"}.get(key.rsplit("-", 1)[0], "completed")


class Customer:
    """Somebody who makes todos all the time, and remembers those that were acknowledged."""

    def __init__(self) -> None:
        self.acknowledged: list[str] = []

    def keep_asking(self, server: Server) -> None:
        """Until the server is gone."""
        try:
            while server.running.poll() is None:
                status, todo = server.ask("todos/", {"content": f"Todo {len(self.acknowledged)}"})
                assert status == 201
                self.acknowledged.append(todo["id"])
        except (OSError, ValueError, AssertionError):
            assert server.ended() == -signal.SIGKILL, server.printed


def kill_after(server: Server, seconds: float, customer: Customer) -> None:
    """Starts the server and kills it so many seconds later, whatever it is doing."""
    server.begin(DJANGO_SETTINGS_MODULE="tests.server.settings")
    timer = threading.Timer(seconds, server.send, [signal.SIGKILL])
    timer.start()
    customer.keep_asking(server)
    timer.join()
    assert server.ended() == -signal.SIGKILL, server.printed
    assert server.leftovers() == set()


@pytest.fixture
def clerk(settled: Server, workspace: Path) -> Server:
    (workspace / "some.txt").write_text("some text\n")
    return settled


def test_whatever_is_killed_nothing_is_lost_or_completed_twice(clerk: Server, workspace: Path) -> None:
    print(f"ABREAST_TEST_SEED={SEED} KILLS={KILLS}")
    chance, customer = random.Random(SEED), Customer()
    clerk.start(DJANGO_SETTINGS_MODULE="tests.server.settings")
    run = clerk.run(tree(chance), max_agents=6, strategy="parallel")
    clerk.kill()
    moments = [round(chance.uniform(EARLIEST, LATEST), 2) for _ in range(KILLS)]
    for moment in moments:
        kill_after(clerk, moment, customer)
    clerk.start(DJANGO_SETTINGS_MODULE="tests.server.settings")
    before = Counter(clerk.statuses(run).values())
    clerk.wait_for(run, *ENDED)
    found = look_into(clerk, run, workspace)
    print(f"killed {moments} s after the start; at the last start {dict(before)}; attempts {dict(found)}")
    kept = {todo["id"] for todo in clerk.all_of("todos/?root=true&limit=500")}
    lost = len(set(customer.acknowledged) - kept)
    print(f"kills {KILLS + 1}, subtasks {found['subtasks']}, lost {found['lost subtasks']}, completed twice", end=" ")
    print(f"{found['twice']}, acknowledged todos {len(customer.acknowledged)}, lost {lost}, verify clean")
    assert lost == 0
    assert before["completed"] < found["subtasks"], "it was all over before the last kill"


def look_into(clerk: Server, run: str, workspace: Path) -> Counter[str]:
    """Compares what the server says with the books. Figures of what was found."""
    found: Counter[str] = Counter()
    events = clerk.events(run)
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    completed = Counter(event["subtask"] for event in events if event["kind"] == "completed")
    for key, status in clerk.statuses(run).items():
        row = clerk.get(f"runs/{run}/subtasks/{key}/")
        attempts = Counter(attempt["status"] for attempt in row["attempts"])
        found.update(attempts)
        found["subtasks"] += 1
        found["lost subtasks"] += status != expected(key)
        found["twice"] += attempts["succeeded"] > 1 or completed[key] > 1
        assert status == expected(key), row
        assert (attempts["succeeded"], completed[key]) == ((1, 1) if status == "completed" else (0, 0)), row
        assert not {"leased", "running"} & set(attempts), row
        compare(row, workspace / f"{key}.book")
    clean = clerk.manage("verify")
    assert clean.returncode == 0, clean.stdout
    return found


def compare(row: dict[str, Any], path: Path) -> None:
    """One subtask with its book: what counts has really run to its end, and nothing ran that is not accounted for."""
    if row["executor"]["name"] not in ("shell", "python"):
        return
    lines = path.read_text().splitlines()
    begun = [line.removeprefix("begin ") for line in lines if line.startswith("begin ")]
    ended = [line.removeprefix("end ") for line in lines if line.startswith("end ")]
    assert len(set(begun)) == len(begun), "no attempt runs twice"
    if row["executor"]["name"] == "python":
        assert row["result"]["name"] in ended
    else:
        epochs = {str(attempt["epoch"]): attempt["status"] for attempt in row["attempts"]}
        assert set(begun) <= set(epochs)
        assert [epoch for epoch in ended if epochs[epoch] == "succeeded"] == [str(row["attempts"][-1]["epoch"])]
    if row["executor"].get("arguments", {}).get("seconds") != 0:  # what is done in place has an attempt only in the end
        assert len(begun) <= len(row["attempts"])
