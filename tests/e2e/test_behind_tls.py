"""Behind a proxy that ends TLS: a person signs in, watches and acts, by the address of the proxy."""

import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests import servers
from tests.e2e.conftest import Watched
from tests.e2e.tls import proxy
from tests.server.process import Server

TREE = {
    "content": "Wait",
    "subtasks": [{"key": key, "content": key, "executor": {"name": "simulate", "seconds": 60}} for key in ("a", "b")],
}


@pytest.fixture
def behind(tmp_path: Path) -> Iterator[Server]:
    """A server behind a proxy."""
    listener = socket.create_server(("127.0.0.1", 0))
    public = f"https://localhost:{listener.getsockname()[1]}"
    port = servers.free_port()
    server = Server(tmp_path / "home", tmp_path)
    with listener, proxy(listener, tmp_path, ("127.0.0.1", port)):
        try:
            yield server.start(PORT=str(port), ABREAST_PUBLIC_URL=f"{public}/")
        finally:
            server.clear()


def test_a_page_is_live_and_acts(behind: Server, tmp_path: Path, chromium: Browser, watched: Watched) -> None:
    link = behind.said("login: ")
    assert link.startswith("https://localhost:")
    with chromium.new_context(ignore_https_errors=True) as context:
        page = context.new_page()
        watched.watch(page)
        page.goto(link)
        page.get_by_role("button", name="Sign in").click()
        expect(page).to_have_url(f"{behind.url}/")
        assert {one["secure"] for one in context.cookies()} == {True}
        by = {"Authorization": f"Bearer {behind.token}", "Origin": behind.url}
        todo = context.request.post(f"{behind.url}/api/v1/todos/", data=TREE, headers=by).json()["id"]
        run = context.request.post(f"{behind.url}/api/v1/todos/{todo}/run/", data={}, headers=by).json()["id"]
        page.goto(f"{behind.url}/runs/{run}/")
        expect(page.locator("#connection")).to_have_text(re.compile("live"))
        page.get_by_role("button", name="Pause").click()
        expect(page.get_by_role("button", name="Resume")).to_be_visible()
