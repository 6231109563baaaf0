"""The work under way that pictures show: a release that is only rehearsed, which its title says."""

from collections.abc import Sequence
from typing import Any

from dashboard import rehearsal
from tests.live_server import Server

BEGUN = 22  # subtasks done, of about twice as many


def plant(server: Server, times: float = 1.0) -> str:
    """The todo; its id. `times`: how many times as long as usual everything takes."""
    todo: str = server.call("POST", "todos/", rehearsal.release(times))["id"]
    return todo


def ask(server: Server) -> str:
    """A run that waits for a person; its id."""
    question = "The draft is on the staging site. Is it to go out to everybody?"
    parts = [
        _part("draft", "Write the draft"),
        {"key": "go", "content": "Say whether it goes out", "executor": {"name": "approval", "question": question}},
        _part("send", "Send it", ["draft", "go"]),
    ]
    todo = server.call("POST", "todos/", {"content": "Its news, rehearsed", "subtasks": parts})["id"]
    return start(server, todo)


def start(server: Server, todo: str) -> str:
    run: str = server.call("POST", f"todos/{todo}/run/", {"max_agents": rehearsal.AGENTS})["id"]
    return run


def _part(key: str, content: str, needs: Sequence[str] = ()) -> dict[str, Any]:
    executor = {"name": "simulate", "seconds": 0.2}
    return {"key": key, "content": content, "estimated_seconds": 0.2, "depends_on": list(needs), "executor": executor}
