"""The agent that the server hands out, as a process of its own, against a real server."""

import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.server.process import Server, gone, until

StartAgent = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start_agent(settled: Server, tmp_path: Path) -> Iterator[StartAgent]:
    """`curl …/agent.py | python3 - …`, in a folder of its own; its token comes by the environment."""
    settled.start()
    with urllib.request.urlopen(f"{settled.url}/agent.py") as answer:
        program = answer.read().decode()
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    started: list[subprocess.Popen[str]] = []

    def start(*options: str) -> "subprocess.Popen[str]":
        with (folder / f"{len(started)}.log").open("w") as log:
            made = subprocess.Popen(
                [sys.executable, "-", *options],
                stdin=subprocess.PIPE,
                stderr=log,
                cwd=folder,
                env=os.environ | {"ABREAST_TOKEN": settled.token, "TMPDIR": str(tmp_path)},
                text=True,
            )
        assert made.stdin
        with made.stdin:
            made.stdin.write(program)
        started.append(made)
        return made

    yield start
    for process in started:
        process.kill()
        process.wait()


def shell(key: str, command: str, **more: Any) -> dict[str, Any]:
    return {"key": key, "content": key, "executor": {"name": "shell", "command": command}, **more}


def run(server: Server, *subtasks: dict[str, Any], **options: Any) -> str:
    return server.run({"content": "Elsewhere", "subtasks": list(subtasks)}, backend="external", **options)


def subtask(server: Server, number: str, key: str) -> dict[str, Any]:
    found: dict[str, Any] = server.get(f"runs/{number}/subtasks/{key}/")
    return found


def test_it_does_the_work_where_it_runs_and_streams_what_it_prints(
    settled: Server, start_agent: StartAgent, tmp_path: Path
) -> None:
    number = run(
        settled,
        shell("made", "echo made here > made; echo hello; echo '\u00e9' >&2"),
        shell("read", "cat made; cat $ABREAST_INPUTS", depends_on=["made"], inputs={"it": {"from": "made"}}),
    )
    agent = start_agent("--name", "far", "--until-idle")
    assert settled.wait_for(number, "completed")["counts"]["completed"] == 2
    assert (tmp_path / "elsewhere" / "made").read_text() == "made here\n"
    made = subtask(settled, number, "made")
    assert made["agent"] == "far"
    assert made["result"]["output_tail"] == "hello\né\n"
    assert made["attempts"][0]["output_bytes"] == len("hello\né\n".encode())
    assert '"exit_code": 0' in subtask(settled, number, "read")["result"]["output_tail"]
    assert agent.wait(60) == 0


def test_several_at_a_time_and_failures_are_told(settled: Server, start_agent: StartAgent) -> None:
    together = "touch $ABREAST_SUBTASK; until [ -e a ] && [ -e b ]; do sleep 0.05; done"
    number = run(settled, shell("a", together), shell("b", together), shell("c", "echo no; exit 3", max_retries=0))
    start_agent("--jobs", "2")
    settled.wait_for(number, "failed")
    assert settled.statuses(number) == {"a": "completed", "b": "completed", "c": "failed"}
    assert subtask(settled, number, "c")["error"] == "exit code 3: no"


def test_work_without_an_executor_goes_to_the_command(settled: Server, start_agent: StartAgent) -> None:
    number = run(settled, {"key": "ask", "content": "What is it?"}, {"key": "tell", "content": "{}"})
    answer = '{"answer": 42, "usage": {"input_tokens": 7, "output_tokens": 2}, "total_cost_usd": 0.5}'
    start_agent("--command", f"sh -c 'read line; echo $line | grep -q What && echo \"$0\" || echo other' '{answer}'")
    found = settled.wait_for(number, "completed")
    assert subtask(settled, number, "ask")["result"]["answer"] == 42
    assert subtask(settled, number, "tell")["result"] == {"output_tail": "other\n"}
    assert found["usage"] == {"input_tokens": 7, "output_tokens": 2, "cost": 0.5}


def pid_of(server: Server, number: str, key: str) -> int:
    """What the command has printed first: the number of its process."""

    def look() -> int:
        request = urllib.request.Request(f"{server.url}/api/v1/runs/{number}/subtasks/{key}/output/")
        request.add_header("Authorization", f"Bearer {server.token}")
        with urllib.request.urlopen(request) as answer:
            return int(answer.read() or 0)

    return until(look, "the number of a process")


def test_a_cancel_ends_its_command(settled: Server, start_agent: StartAgent) -> None:
    number = run(settled, shell("long", "echo $$; sleep 60"))
    start_agent()
    pid = pid_of(settled, number, "long")
    assert settled.ask(f"runs/{number}/cancel/", {})[0] == 200
    settled.wait_for(number, "cancelled")
    assert gone(pid)
    assert subtask(settled, number, "long")["attempts"][0]["error"] is None


def test_when_it_is_told_to_leave_it_hands_back_what_it_has(settled: Server, start_agent: StartAgent) -> None:
    number = run(settled, shell("long", "echo $$; sleep 60", max_retries=0))
    agent = start_agent()
    pid = pid_of(settled, number, "long")
    agent.send_signal(signal.SIGTERM)
    assert agent.wait(60) == 0
    assert gone(pid)
    found = subtask(settled, number, "long")
    assert found["status"] == "pending"
    assert found["attempts"][0]["status"] == "cancelled"


def test_when_it_is_killed_its_command_ends_and_another_goes_on(settled: Server, start_agent: StartAgent) -> None:
    number = run(settled, shell("once", "[ -e second ] || { touch second; echo $$; sleep 60; }"))
    first = start_agent("--name", "first")
    pid = pid_of(settled, number, "once")
    first.kill()
    assert gone(pid)
    start_agent("--name", "second")
    settled.wait_for(number, "completed")
    found = subtask(settled, number, "once")
    assert [(one["status"], one["agent"]) for one in found["attempts"]] == [("lost", "first"), ("succeeded", "second")]


def test_one_that_is_frozen_loses_its_command_before_its_lease(
    settled: Server, start_agent: StartAgent, tmp_path: Path
) -> None:
    number = run(settled, shell("long", "echo $$; while :; do touch lives; sleep 0.1; done", max_retries=0))
    agent = start_agent()
    pid = pid_of(settled, number, "long")
    agent.send_signal(signal.SIGSTOP)
    assert gone(pid, seconds=60)
    settled.wait_for(number, "failed")
    [lost] = [event["at"] for event in settled.events(number) if event["kind"] == "lost"]
    lived_until = (tmp_path / "elsewhere" / "lives").stat().st_mtime
    assert lived_until < datetime.fromisoformat(lost).timestamp()
    agent.send_signal(signal.SIGCONT)


def test_a_wrong_token_ends_it_with_the_reason(settled: Server, start_agent: StartAgent, tmp_path: Path) -> None:
    agent = start_agent("--token", "abr_a_" + "x" * 43)
    assert agent.wait(60) == 1
    assert "unknown, expired or revoked" in (tmp_path / "elsewhere" / "0.log").read_text()
