"""A nested agent: a real command in the sandbox of a real server, which calls that server with what it was lent."""

import base64
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runs.executors import sandbox
from tests.server.process import Server, until

pytestmark = pytest.mark.skipif(sandbox.mode()[0] is sandbox.Mode.OFF, reason="nothing here confines commands")

# What the agents below have in common: one request, its status and its answer.
CALLS = """
import base64, json, os, pathlib, sys, time, urllib.error, urllib.request

URL, TOKEN, RUN = (os.environ[name] for name in ("ABREAST_URL", "ABREAST_TOKEN", "ABREAST_RUN"))
ATTEMPT, EPOCH = os.environ["ABREAST_ATTEMPT"], int(os.environ["ABREAST_EPOCH"])

def ask(path, body=None):
    request = urllib.request.Request(f"{URL}/api/v1/{path}", headers={"Authorization": f"Bearer {TOKEN}"})
    if body is not None:
        request.data, request.headers["Content-type"] = json.dumps(body).encode(), "application/json"
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)

def add(key, executor, **more):
    return ask(f"runs/{RUN}/subtasks/", {"key": key, "content": key, "executor": executor, **more})

def tell(**found):
    print(json.dumps({"result": json.dumps(found)}))
"""
ADDS = """
status, _ = add("readme", {"name": "read", "path": "README.md"})
refused, problem = add("command", {"name": "shell", "command": "id"})
while ask(f"runs/{RUN}/subtasks/readme/")[1].get("status") != "completed":
    time.sleep(0.05)
code = base64.b64encode(TOKEN.encode()).decode()
sys.stderr.write(f"{TOKEN} {code}\\n")
pathlib.Path("token.txt").write_text(TOKEN)
tell(added=status, refused=refused, printed=TOKEN, packed=code, read=ask(f"runs/{RUN}/subtasks/readme/")[1]["result"])
"""
HAS_AGENTS = """
def agent(name, **more):
    status, said = ask("agents/", {"name": name, **more})
    return status, said.get("depth"), said.get("id")

one = agent("web")
two = agent("web-1", parent="web")
tell(
    one=one[:2],
    two=two[:2],
    three=agent("web-1-1", parent="web-1")[0],
    others=[agent(f"s{number}")[0] for number in range(4)],
    leased=ask("leases/", {"agent": "web", "run": RUN})[1]["leases"][0]["subtask"]["key"],
    seen=ask("agents/")[1]["count"],
)
"""
HEARS = """
beat = {"epoch": EPOCH, "progress": 0.5, "message": "listening"}
said = []
while not said:
    said = [one for one in ask(f"attempts/{ATTEMPT}/heartbeat/", beat)[1]["commands"]]
    time.sleep(0.05)
known = ask(f"attempts/{ATTEMPT}/heartbeat/", beat | {"ack": [one["id"] for one in said]})[1]["commands"]
ended = ask(f"attempts/{ATTEMPT}/complete/", {"epoch": EPOCH})[0]
tell(said=[one["data"] for one in said], known=known, ended=ended)
"""

WAITS = """
pathlib.Path("token.txt").write_text(TOKEN)
ask(f"attempts/{ATTEMPT}/heartbeat/", {"epoch": EPOCH, "message": "up"})
time.sleep(300)
"""


def agent(key: str, script: str, nested: str | None = "read", **more: Any) -> dict[str, Any]:
    executor = {"name": "agent", "command": [sys.executable, "-c", CALLS + script], "prompt": "Go"}
    executor |= {"nested": nested} if nested else {}
    return {"key": key, "content": key, "executor": executor, "max_retries": 0, **more}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that commands may write to, whoever they run as."""
    folder = tmp_path_factory.mktemp("nested") / "workspace"
    folder.mkdir()
    folder.chmod(0o777)
    (folder / "README.md").write_text("# Here\n")
    return folder


@pytest.fixture(scope="module")
def online(workspace: Path) -> Iterator[Server]:
    """One for all: each test has a run of its own."""
    server = Server(workspace.parent / "home", workspace)
    try:
        yield server.start(ABREAST_AGENT_NETWORK="1")
    finally:
        server.clear()


def subtask(server: Server, number: str, key: str) -> dict[str, Any]:
    found: dict[str, Any] = server.get(f"runs/{number}/subtasks/{key}/")
    return found


def told(server: Server, number: str, key: str) -> Any:
    """What the agent of this subtask has found."""
    found = subtask(server, number, key)
    assert found["status"] == "completed", found["error"]
    return json.loads(found["result"]["text"])


def test_it_adds_subtasks_under_its_attempt_and_its_token_is_nowhere_and_ends_with_it(
    online: Server, workspace: Path
) -> None:
    number = online.run({"content": "Look", "subtasks": [agent("lead", ADDS)]}, max_agents=2, strategy="parallel")
    online.wait_for(number, "completed", "failed")
    found = told(online, number, "lead")
    assert (found["added"], found["refused"], found["read"]["text"]) == (201, 403, "# Here\n")
    assert found["printed"] == found["packed"] == "[redacted]"
    token = (workspace / "token.txt").read_text()
    assert token.startswith("abr_a_")
    assert online.ask(f"runs/{number}/", token=token)[0] == 401
    kept = b"".join(path.read_bytes() for path in online.home.rglob("*") if path.is_file())
    for secret in (token.encode(), base64.b64encode(token.encode())):
        assert secret not in kept
        assert secret.decode() not in online.printed
    added = next(event for event in online.events(number) if event["kind"] == "added")
    assert added["data"]["attempt"] == subtask(online, number, "lead")["attempts"][0]["id"]
    checked = online.manage("verify")
    assert checked.returncode == 0, checked.stdout


def test_its_agents_stand_below_the_worker_three_deep_and_four_at_most_and_may_lease(online: Server) -> None:
    tree = {"content": "Look", "subtasks": [agent("lead", HAS_AGENTS), {"key": "words", "content": "For an agent"}]}
    number = online.run(tree, max_agents=2, strategy="parallel")
    until(lambda: subtask(online, number, "lead")["status"] == "completed", "the agent is done")
    found = told(online, number, "lead")
    assert (found["one"], found["two"], found["three"]) == ([201, 2], [201, 3], 422)
    assert (found["others"], found["leased"], found["seen"]) == ([201, 201, 201, 409], "words", 5)
    online.ask(f"runs/{number}/cancel/", {})


def test_it_hears_what_it_is_told_and_cannot_end_its_own_attempt(online: Server) -> None:
    number = online.run({"content": "Listen", "subtasks": [agent("lead", HEARS)]})
    until(lambda: subtask(online, number, "lead")["message"] == "listening", "the agent says how far it is")
    status, _ = online.ask(f"runs/{number}/broadcast/", {"command": "message", "data": "Hurry."})
    assert status == 200
    online.wait_for(number, "completed", "failed")
    assert told(online, number, "lead") == {"said": ["Hurry."], "known": [], "ended": 404}


def test_a_cancel_ends_it_and_its_token(online: Server, workspace: Path) -> None:
    number = online.run({"content": "Wait", "subtasks": [agent("lead", WAITS)]})
    until(lambda: subtask(online, number, "lead")["message"] == "up", "the agent is up")
    token = (workspace / "token.txt").read_text()
    assert online.ask(f"runs/{number}/", token=token)[0] == 200
    assert [run["id"] for run in online.ask("runs/", token=token)[1]["results"]] == [number]
    assert online.ask(f"runs/{number}/cancel/", {}, token=token)[0] == 403
    online.ask(f"runs/{number}/cancel/", {})
    online.wait_for(number, "cancelled")
    assert online.ask(f"runs/{number}/", token=token)[0] == 401


def test_with_the_right_to_commands_it_adds_agents_of_its_own_and_hands_their_results_on(online: Server) -> None:
    below = ["sh", "-c", "echo found it; env | grep -c ABREAST_TOKEN || true"]
    script = f"""
add("below", {{"name": "agent", "command": {below!r}, "prompt": "Look"}})
while (found := ask(f"runs/{{RUN}}/subtasks/below/")[1])["status"] != "completed":
    time.sleep(0.05)
tell(text=found["result"]["text"])
"""
    number = online.run(
        {"content": "Look", "subtasks": [agent("lead", script, "commands")]}, max_agents=2, strategy="parallel"
    )
    online.wait_for(number, "completed", "failed")
    assert told(online, number, "lead") == {"text": "found it\n0"}
