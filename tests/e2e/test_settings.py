"""Connecting an agent in the browser: the token of the page is used, and the light comes on by itself."""

import json
import re
import subprocess
import urllib.request
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from dashboard.pages import to_paste
from runs import actions
from runs.models import Backend, Run
from runs.orchestrating import orchestrator
from tests.e2e.conftest import Open
from tests.e2e.test_accessible import violations
from tests.factories import plant, token_of
from todos.models import Todo

SESSION = "0b3f8c1e-52d4-4c5c-9a55-1f2f5d9a7e10"


def token_on(page: Page) -> str:
    found = re.search(r"abr_a_[\w-]{43}", page.locator(".code pre").first.inner_text())
    assert found is not None
    return found.group()


def hook(server: str, token: str, **fields: object) -> bytes:
    """What Claude Code posts."""
    request = urllib.request.Request(
        f"{server}/api/v1/hooks/claude-code/",
        json.dumps({"session_id": SESSION, "cwd": "/home/ada/shop", **fields}).encode(),
        {"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        body: bytes = answer.read()
    return body


def test_the_light_comes_on_when_the_agent_is_heard(visit: Open, server: str) -> None:
    page = visit("/settings/")
    page.get_by_role("button", name="Make a token").click()
    light = page.locator("#heard")
    expect(light).to_contain_text("Listening")
    todos = [{"content": "Build", "status": "in_progress", "activeForm": "Building"}]
    said = {"tool_name": "TodoWrite", "tool_use_id": "t1", "tool_input": {"todos": todos}}
    assert hook(server, token_on(page), hook_event_name="PreToolUse", **said) == b"{}"
    expect(light).to_contain_text("Heard from it")
    light.get_by_role("link", name="Claude Code in shop").click()
    expect(page.locator("#now-next-rows")).to_contain_text("todo-1")


def test_a_webhook_is_added_and_tried_out(visit: Open) -> None:
    page = visit("/settings/")
    page.get_by_label("Address").fill("http://127.0.0.1:9/hook")
    page.get_by_role("button", name="Add a webhook").click()
    expect(page.locator("#webhooks .code")).to_contain_text("whsec_")
    page.get_by_role("button", name="Send a test").click()
    expect(page.locator("#webhook-list")).to_contain_text("1 letter waiting")
    expect(page.locator("#webhooks .code")).to_have_count(0)
    assert violations(page) == []
    page.get_by_role("link", name="Delete…").click()
    dialog = page.get_by_role("dialog", name="Delete this webhook?")
    expect(dialog).to_contain_text("nor the 1 letter it has not taken yet")
    assert violations(page) == []
    dialog.get_by_role("button", name="Keep it").click()
    expect(page.locator("#webhook-list")).to_contain_text("http://127.0.0.1:9/hook")
    page.get_by_role("link", name="Delete…").click()
    dialog.get_by_role("button", name="Delete the webhook").click()
    expect(page.locator("#webhook-list")).to_contain_text("None yet")


def test_a_token_is_revoked_after_asking(visit: Open) -> None:
    page = visit("/settings/")
    page.get_by_role("button", name="Make a token").click()
    row = page.locator("#tokens tbody tr")
    expect(row).to_contain_text("laptop")
    row.get_by_role("link", name="Revoke laptop…").click()
    dialog = page.get_by_role("dialog", name="Revoke “laptop”?")
    expect(dialog).to_be_visible()
    assert violations(page) == []
    dialog.get_by_role("button", name="Revoke the token").click()
    expect(page.get_by_text("The token laptop is revoked.")).to_be_visible()
    expect(row).to_have_count(0)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_is_wider_than_the_page(visit: Open, theme: str, width: int) -> None:
    page = visit("/settings/", color_scheme=theme, viewport={"width": width, "height": 860})
    page.get_by_role("button", name="Make a token").click()
    expect(page.get_by_role("button", name="Make another")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def pasted(command: str, folder: Path, token: str) -> str:
    """What a shell says when it is given what stands on the page, after the token."""
    text = f"{to_paste.export(token)}\nset -e -o pipefail\n{command}"
    done = subprocess.run(["bash", "-c", text], cwd=folder, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    return done.stdout


def test_what_is_to_be_pasted_works_in_a_shell(server: str, ada: User, tmp_path: Path) -> None:
    agents = token_of(ada, "agent")
    pasted(to_paste.reports(server), tmp_path, agents)
    run = Run.objects.get(content="Nightly build")
    assert (run.backend, run.completed, run.total) == ("tracked", 1, 1)
    pasted(to_paste.todos(server), tmp_path, agents)
    assert Run.objects.latest("pk").total == 2
    pasted(to_paste.celery(server), tmp_path, agents)
    compile((tmp_path / "abreast_celery.py").read_text(), "abreast_celery.py", "exec")
    compile(to_paste.celery_lines(server), "app.py", "exec")
    operators = token_of(ada, "operator")
    pasted(to_paste.a_todo(server), tmp_path, operators)
    assert Todo.objects.get(content="Ship it").counts["total"] == 2
    pasted(to_paste.a_run(server), tmp_path, operators)
    assert Run.objects.get(content="Five things").total == 5


def test_the_agent_to_be_pasted_takes_work(server: str, ada: User, tmp_path: Path) -> None:
    part = {"key": "a", "content": "A", "executor": {"name": "simulate", "seconds": 0}}
    todo = plant(ada, "Elsewhere", subtasks=[part])
    orchestrator.start()
    try:
        run = actions.start(todo, actions.Options(backend=Backend.EXTERNAL))
        token = token_of(ada, "agent")
        command = to_paste.agent(server).replace("--jobs 4", "--jobs 4 --until-idle --lanes query")
        text = f"{to_paste.export(token)}\n{command}"
        agent = subprocess.Popen(["bash", "-c", text], cwd=tmp_path, stderr=subprocess.PIPE, start_new_session=True)
        assert agent.stderr is not None
        said = b"".join(iter(agent.stderr.readline, b""))
        assert agent.wait(120) == 0, said
        assert Run.objects.get(pk=run.pk).status == "completed"
    finally:
        orchestrator.stop()


@pytest.mark.parametrize("name", ["mcp", "agent", "celery"])
def test_the_other_commands_are_well_formed(name: str) -> None:
    command = getattr(to_paste, name)("http://127.0.0.1:8000")
    assert subprocess.run(["bash", "-n", "-c", command]).returncode == 0
