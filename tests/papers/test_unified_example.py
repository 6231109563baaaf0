"""`docs/examples/unified.json` as it stands: one run over the web, the code base, commands and agents."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from runs import announce
from runs.orchestrating import orchestrator
from runs.verify import verify
from tests.docs.reading import ROOT
from tests.factories import Api, all_pages
from tests.papers.playing import Json
from tests.runs.api.conftest import RUNS_COMMANDS
from tests.runs.executors.web.searx import Answers, findings, searching, tell

EXAMPLE = ROOT / "docs" / "examples" / "unified.json"

# What stands for a coding agent: a program that gets a prompt and what others found, and answers as they do.
AGENT = """
import json, os, sys

prompt, found = sys.stdin.read(), json.load(open(os.environ["ABREAST_INPUTS"]))
if "results" in found:
    text = found["results"]["review"]["text"] + " So lock before you write."
else:
    sites = sorted({one["url"].split("/")[2] for one in found["web"]})
    places = sorted({one["path"] for one in found["code"]})
    text = f"{len(sites)} sites, {places}, {found['size'].strip()} lines: {prompt.split('.')[-2].strip()}."
print(json.dumps({"type": "result", "result": text, "usage": {"input_tokens": 10, "output_tokens": 5}}))
"""


@pytest.fixture
def web(transactional_db: None, workspace: Path, settings: Settings) -> Iterator[list[Answers]]:
    """A server at work, an agent that it knows by the name in the example, and somebody to search the web by, who
    answers as the one in this list."""
    (workspace / "agent.py").write_text(AGENT)
    (workspace / "app" / "store.py").write_text("import fcntl\n\n\ndef lock(file):\n    fcntl.flock(file, 2)\n")
    settings.AGENT_PRESETS = {"claude": [sys.executable, "agent.py"]}
    answers: list[Answers] = [findings]
    with searching(lambda searx, handler, asked: answers[0](searx, handler, asked)) as searx:
        settings.SEARXNG_URL = searx.url
        orchestrator.start()
        try:
            yield answers
        finally:
            orchestrator.stop()


def carried_out(api: Api) -> tuple[Json, dict[str, Json]]:
    """The run at its end, and its subtasks by key."""
    todo = api.post("todos/", json.loads(EXAMPLE.read_text()))
    assert todo.status_code == 201, todo.content
    run = api.post(f"todos/{todo.json()['id']}/run/", {"strategy": "parallel"}).json()["id"]
    for _ in range(200):
        mark = announce.mark()
        if api.get(f"runs/{run}/progress/").json()["status"] not in ("pending", "running"):
            break
        announce.wait(int(run), mark, 5)
    found: Json = api.get(f"runs/{run}/").json()
    return found, {row["key"]: row for row in all_pages(api, f"runs/{run}/subtasks/")}


@RUNS_COMMANDS
def test_the_web_the_code_commands_and_agents_come_to_one_answer(web: list[Answers], api: Api) -> None:
    run, rows = carried_out(api)
    assert run["status"] == "completed", [(key, row["error"]) for key, row in rows.items() if row["error"]]
    sites = {urlhost(one) for one in rows["web"]["result"]["results"]}
    review = f"{len(sites)} sites, ['app/store.py'], 1 lines: Review each place."
    assert rows["review"]["result"]["text"] == review
    assert run["result"]["text"] == f"{review} So lock before you write."
    assert run["aggregate"] == {"kind": "reduce", "of": 4, "completed": 4, "error": None}
    assert run["usage"]["input_tokens"] == 20
    assert max(rows[key]["finished_at"] for key in ("web", "code", "size")) <= rows["review"]["started_at"]
    assert [found for found in verify(int(run["id"]), timezone.now()) if found.count] == []


@RUNS_COMMANDS
def test_what_is_not_verified_is_not_handed_on(web: list[Answers], api: Api) -> None:
    web[0] = lambda searx, handler, asked: tell(handler, [])
    run, rows = carried_out(api)
    assert run["status"] == "failed"
    assert rows["web"]["error"].startswith("not verified: exit code 1: nothing was found")
    assert (rows["code"]["status"], rows["size"]["status"]) == ("completed", "completed")
    assert (rows["review"]["status"], rows["review"]["result"]) == ("skipped", None)


def urlhost(found: Any) -> str:
    return str(found["url"]).split("/")[2]
