"""Connecting an agent in the browser: the token of the page is used, and the light comes on by itself."""

import json
import re
import urllib.request

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Open
from tests.e2e.test_accessible import violations

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
    with urllib.request.urlopen(request, timeout=10) as answer:
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
    expect(light).to_contain_text("Heard from it", timeout=10_000)
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
    page.get_by_role("button", name="Delete").click()
    expect(page.locator("#webhook-list")).to_contain_text("None yet")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_is_wider_than_the_page(visit: Open, theme: str, width: int) -> None:
    page = visit("/settings/", color_scheme=theme, viewport={"width": width, "height": 860})
    page.get_by_role("button", name="Make a token").click()
    expect(page.get_by_role("button", name="Make another")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
