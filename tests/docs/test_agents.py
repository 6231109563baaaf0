"""What the guide for agents says to paste is pasted, against a real server."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from runs import portable
from runs.mcp import tools
from tests.docs.reading import fences, section, text_of
from tests.live_server import Server, running

GUIDE = "docs/agents.md"
MOST_SECONDS = 120


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running() as found:
        yield found


def a_run(server: Server) -> str:
    words = [{"key": key, "content": f"say {key}"} for key in ("one", "two")]
    todo = server.call("POST", "todos/", {"content": "Words", "subtasks": words})
    run: str = server.call("POST", f"todos/{todo['id']}/run/", {"backend": "external"})["id"]
    return run


def result(server: Server, run: str, key: str) -> object:
    subtask = server.call("GET", f"runs/{run}/subtasks/{key}/")
    assert subtask["status"] == "completed", subtask["error"]
    return subtask["result"]


@pytest.mark.e2e
def test_the_agent_in_shell_does_the_work(server: Server) -> None:
    run = a_run(server)
    (loop,) = [fence.text for fence in fences(GUIDE, "sh") if "/leases/" in fence.text]
    environment = {"ABREAST": server.url, "ABREAST_TOKEN": server.token, "PATH": os.environ["PATH"]}
    done = subprocess.run(
        ["bash", "-uo", "pipefail", "-c", loop], env=environment, capture_output=True, text=True, timeout=MOST_SECONDS
    )
    assert done.returncode in (0, 1), done.stderr
    assert [result(server, run, key) for key in ("one", "two")] == [{"words": "SAY ONE"}, {"words": "SAY TWO"}]


@pytest.mark.e2e
def test_the_agent_in_python_does_the_work(server: Server, tmp_path: Path) -> None:
    run = a_run(server)
    (program,) = [fence.text for fence in fences(GUIDE, "python") if "from agent import" in fence.text]
    program = program.replace("http://127.0.0.1:8000", server.url).replace("abr_a_…", server.token)
    program = program.replace(".run()", ".run(until_idle=True)")
    (tmp_path / "agent.py").write_text(portable.for_server(server.url))
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=MOST_SECONDS
    )
    assert done.returncode == 0, done.stderr
    assert result(server, run, "one") == {"verdict": "fine", "about": "say one"}


def test_every_option_of_the_agent_is_there_and_no_other() -> None:
    help_text = subprocess.run(
        [sys.executable, "-", "--help"], input=portable.one_file(), capture_output=True, text=True
    ).stdout
    rows = [line.split("`")[1] for line in text_of(GUIDE).splitlines() if line.startswith("| `--")]
    assert {word.strip("[],") for word in help_text.split() if word.strip("[],").startswith("--")} - {"--help"} == set(
        rows
    )


def test_every_tool_is_named_and_no_other() -> None:
    rows = [line for line in section(GUIDE, "Tools by MCP").splitlines() if line.startswith("| `")]
    named = [word for row in rows for word in row.split("|")[1].replace("`", "").split()]
    assert sorted(named) == sorted(route.name for route in tools.ROUTES)
