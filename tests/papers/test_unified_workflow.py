"""The architecture's unified workflow: phases over the code base, commands and an agent, in one run, with real work.

What a phase has found is handed on to the next as data; one result stands at the end.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runs import announce
from runs.orchestrating import orchestrator
from tests.factories import Api, all_pages
from tests.papers.playing import Json, decomposed
from tests.runs.api.conftest import RUNS_COMMANDS

# What stands for a coding agent: a program that gets its task and what others found, and says what it makes of it.
AGENT = """
test -n "$TASK" || exit 3
files=$(sed -n 's/.*"files": \\([0-9]*\\), "bytes".*/\\1/p' "$ABREAST_INPUTS")
todos=$(sed -n 's/.*"todos": "\\([0-9]*\\).*/\\1/p' "$ABREAST_INPUTS")
echo "$TASK: $todos to do in $files files"
"""
WRITE = """sed 's/.*"review": "\\(.*\\)\\\\n".*/\\1/' "$ABREAST_INPUTS" > REVIEW.md"""


@pytest.fixture
def server(transactional_db: None, workspace: Path) -> Iterator[Path]:
    (workspace / "agent.sh").write_text(AGENT)
    workspace.chmod(0o777)  # whoever commands run as may write there
    orchestrator.start()
    yield workspace
    orchestrator.stop()


def shell(key: str, command: str, *needs: str, inputs: Json | None = None, **more: Any) -> Json:
    executor = {"name": "shell", "command": command, **more.pop("spec", {})}
    told = {"key": key, "content": key, "executor": executor, "depends_on": list(needs), "max_retries": 0}
    return told | ({"inputs": inputs} if inputs else {}) | more


def workflow(api: Api) -> Json:
    """The phases of the exploration; beside them a command; then the agent; then a change, and a look at it."""
    todo = decomposed(api, "codebase", include=["app/**", "README.md"])
    found = {"code": {"from": "summary"}, "todos": {"from": "count", "pointer": "/output_tail"}}
    later = [
        shell("count", "grep -r TODO app | wc -l", lane="query"),
        shell("agent", "sh agent.sh", "summary", "count", inputs=found, spec={"env": {"TASK": "Review"}}),
        shell(
            "write",
            WRITE,
            "agent",
            inputs={"review": {"from": "agent", "pointer": "/output_tail"}},
            resources=[{"kind": "file", "name": "REVIEW.md", "mode": "write"}],
        ),
        shell("check", "cat REVIEW.md", "write", lane="query"),
    ]
    answer = api.post(f"todos/{todo['id']}/subtasks/", later)
    assert answer.status_code == 201, answer.content
    return todo


def carried_out(api: Api, todo: Json) -> tuple[Json, dict[str, Json]]:
    """The run's progress at its end, and its subtasks by key."""
    run = api.post(f"todos/{todo['id']}/run/", {}).json()["id"]
    for _ in range(200):
        mark = announce.mark()
        progress: Json = api.get(f"runs/{run}/progress/").json()
        if progress["status"] not in ("pending", "running"):
            break
        announce.wait(int(run), mark, 5)
    return progress, {row["key"]: row for row in all_pages(api, f"runs/{run}/subtasks/")}


@RUNS_COMMANDS
def test_what_each_phase_found_is_handed_on_to_the_next(server: Path, api: Api) -> None:
    progress, rows = carried_out(api, workflow(api))
    assert progress["status"] == "completed", [(key, row["error"]) for key, row in rows.items() if row["error"]]
    assert (rows["summary"]["result"]["files"], rows["summary"]["result"]["imports"]) == (4, 1)
    assert rows["count"]["result"]["output_tail"].strip() == "1"
    assert rows["agent"]["result"]["output_tail"] == "Review: 1 to do in 4 files\n"
    assert rows["check"]["result"]["output_tail"].strip() == "Review: 1 to do in 4 files"
    assert (server / "REVIEW.md").read_text().strip() == "Review: 1 to do in 4 files"
    for key, row in rows.items():
        needs = [rows[need]["finished_at"] for need in row["depends_on"]]
        assert max(needs, default="") <= row["started_at"], key


@RUNS_COMMANDS
def test_a_phase_that_fails_ends_what_needs_it_and_nothing_else(server: Path, api: Api) -> None:
    (server / "agent.sh").write_text("echo 'no idea'; exit 1")
    progress, rows = carried_out(api, workflow(api))
    assert (progress["status"], progress["failed"], progress["skipped"]) == ("failed", 1, 2)
    assert rows["agent"]["error"].startswith("exit code 1: no idea")
    assert [rows[key]["status"] for key in ("summary", "count", "write", "check")] == [
        *["completed"] * 2,
        *["skipped"] * 2,
    ]
    assert not (server / "REVIEW.md").exists()
