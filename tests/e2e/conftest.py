"""A real server on the test database, and a real browser that looks at it."""

import asyncio
import os
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Playwright,
    Response,
    expect,
    sync_playwright,
)

from dashboard.asgi import application
from runs.orchestrating import orchestrator
from tests.factories import person, plant
from tests.setup import browser as installed_browser
from todos.models import Todo

HERE = Path(__file__).parent
# What a page is given to become what it should: a busy machine may need four times as long as an idle one.
PATIENCE = 20_000  # milliseconds
# WhiteNoise streams files the synchronous way, which Django warns of; a browser that leaves a page leaves answers
# unread, and Python warns of those. Neither is about what is tested here.
TOLERATED = ("ignore:StreamingHttpResponse must consume", "ignore::pytest.PytestUnraisableExceptionWarning")
# What Chromium says of a page that is left before its socket is open; of a server that refuses it says other words.
LEFT_EARLY = "failed: WebSocket is closed before the connection is established."
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


def pytest_itemcollected(item: pytest.Item) -> None:
    item.add_marker("e2e")
    item.add_marker(pytest.mark.django_db(transaction=True))
    for warning in TOLERATED:
        item.add_marker(pytest.mark.filterwarnings(warning))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """These come last: once Playwright runs its loop in this thread, no other test can run one."""
    items.sort(key=lambda item: item.path.is_relative_to(HERE))


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    # Playwright runs a loop in this thread, which Django takes for a coroutine that must not touch the database.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as running:
        yield running
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture(scope="session")
def chromium(playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    kept = os.environ | {"TMPDIR": str(tmp_path_factory.mktemp("chromium"))}  # it does not tidy up
    browser = playwright.chromium.launch(
        executable_path=installed_browser(), args=ARGUMENTS, env={**kept}, timeout=6 * PATIENCE
    )
    yield browser
    browser.close()


@pytest.fixture
def server(transactional_db: None) -> Iterator[str]:
    """Pages and sockets, on a free port. Gives the address."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(application, lifespan="off", log_level="error", ws="websockets-sansio")
    serving = uvicorn.Server(config)

    def serve() -> None:
        asyncio.run(serving.serve(sockets=[listener]))

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    serving.should_exit = serving.force_exit = True
    thread.join(10)
    listener.close()


@dataclass
class Watched:
    """What went wrong on a page: errors on the console, and answers that say so."""

    found: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.found.append(f"page error: {error}"))
        page.on("response", self._response)
        page.on("dialog", lambda dialog: self.found.append(f"dialog: {dialog.message}"))

    def _console(self, message: ConsoleMessage) -> None:
        told = "Failed to load resource" in message.text or message.text.endswith(LEFT_EARLY)
        if message.type in ("error", "warning") and not told:
            self.found.append(f"console: {message.text}")

    def _response(self, response: Response) -> None:
        if response.status >= 400:
            self.found.append(f"{response.status}: {response.url}")

    @property
    def unexpected(self) -> list[str]:
        return [line for line in self.found if not any(words in line for words in self.expected)]


@pytest.fixture
def watched() -> Iterator[Watched]:
    """Fails the test if anything unexpected was logged."""
    log = Watched()
    yield log
    assert log.unexpected == []


@pytest.fixture
def ada(transactional_db: None) -> User:
    return person("ada", staff=True)


def session_of(user: User) -> str:
    client = Client()
    client.force_login(user)
    return client.cookies[settings.SESSION_COOKIE_NAME].value


Open = Callable[..., Page]


@pytest.fixture
def visit(server: str, ada: User, chromium: Browser, watched: Watched) -> Iterator[Open]:
    """Opens a page as Ada: `visit("/runs/", color_scheme="dark")`. Options are those of a browser context."""
    contexts: list[BrowserContext] = []

    def open_page(path: str, before: Callable[[Page], None] | None = None, **options: Any) -> Page:
        context = chromium.new_context(base_url=server, **({"viewport": {"width": 1280, "height": 860}} | options))
        contexts.append(context)
        context.set_default_timeout(3 * PATIENCE)
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session_of(ada), "url": server}])
        page = context.new_page()
        watched.watch(page)
        if before:
            before(page)
        page.goto(path)
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def there(ada: User) -> Todo:
    parts = [{"key": key, "content": f"Do {key}", "executor": {"name": "simulate", "seconds": 0.2}} for key in "abcd"]
    return plant(ada, "Review the code base", subtasks=parts)


@pytest.fixture
def orchestrated(transactional_db: None) -> Iterator[None]:
    """Runs are carried out, by the workers of this process."""
    orchestrator.start()
    yield
    orchestrator.stop()
