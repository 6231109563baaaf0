"""Every view, full of texts that want to be run: none is, and each is there to be read.

The texts are in `payloads`, the database that is full of them is made by `flood`. Whatever ran would be told by
its call of `pwned`, a dialog, an error on the console, a report of the content security policy, or a request that leads
elsewhere; whatever became a part of the page by itself is found in the page.
"""

import re
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from urllib.parse import quote

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from playwright.sync_api import BrowserContext, Page, Request, expect

from dashboard.words import ansi
from tests.dashboard.views.test_hostile import routes
from tests.e2e import payloads
from tests.e2e.conftest import PATIENCE, Open, Watched
from tests.e2e.flood import ASKING, AT_WORK, COMPLETED, FAILED, MANY, WAITING, Flooded, flooded
from tests.factories import Api
from tests.scenes import Scene, scene

NEXT = re.compile(r'href="(\?[^"]+)" rel="next"')
MARK = re.compile(r"#(\d{3})#")
FOUND = Path(__file__).with_name("found.js").read_text(encoding="utf-8")
LISTENS = 'document.addEventListener("securitypolicyviolation", (told) => refused(told.violatedDirective));'
LOOKS_EVERY = 100  # milliseconds
# Views that show every one of the texts, page by page or at once.
ALL_OF_THEM = ("todos", "runs", "agents", "run-subtasks")


class Browser:
    """A page that tells what ran on it. `seen`: which texts were there to be read, by view."""

    def __init__(self, page: Page, context: BrowserContext, server: str) -> None:
        self.page, self.server = page, server
        self.told: list[str] = []
        self.seen: dict[str, set[str]] = {}
        context.expose_binding("pwned", lambda source, *said: self.told.append(f"ran at {source['page'].url}"))
        context.expose_binding("refused", lambda source, what: self.told.append(f"{what} at {source['page'].url}"))
        context.add_init_script(LISTENS)
        context.on("request", self._request)
        page.on("popup", lambda popup: self.told.append(f"opened {popup.url}"))

    def _request(self, request: Request) -> None:
        address = request.url.partition("?")[0]
        ours = address.startswith((f"{self.server}/", "file:", f"{self.server.replace('http', 'ws')}/", "data:image/"))
        if not ours or ("pwned" in address and not request.is_navigation_request()):
            self.told.append(f"asked for {request.url}")

    def look(self, view: str, path: str) -> str:
        """Opens it. Gives its HTML as it is after all scripts have run."""
        self.page.goto(path)
        assert self.page.url.endswith(path.partition("#")[0]), f"{path} led to {self.page.url}"
        return self.check(view)

    def check(self, view: str) -> str:
        found = self.page.evaluate(FOUND)
        self.told += [f"{line} at {self.page.url}" for line in found]
        html = self.page.content()
        self.seen.setdefault(view, set()).update(MARK.findall(html))
        return html

    def tells(self, view: str, words: str) -> None:
        """Looks until it has told this; fails when it does not."""
        for _ in range(PATIENCE // LOOKS_EVERY):
            self.check(view)
            if any(words in line for line in self.told):
                return
            self.page.wait_for_timeout(LOOKS_EVERY)
        raise AssertionError(f"{words} was not told: {self.told}")


@pytest.fixture
def there(ada: User) -> Flooded:
    return flooded(ada)


@pytest.fixture
def browser(visit: Open, server: str, watched: Watched) -> Browser:
    page = visit("/healthz")
    return Browser(page, page.context, server)


def full(ada: User) -> Scene:
    """A small run that has ended, with all texts in its few."""
    there = scene(ada, "a", content=payloads.together(10_000))
    there.start("a", agent=payloads.of(7, 200))
    there.later(10)
    there.fail("a", error=payloads.together(10_000))
    return there


def pages(ada: User, there: Flooded) -> Iterator[tuple[str, str]]:
    """Every view of ours that can be opened, by the names of the addresses: a new one is looked at by itself."""
    client = Client()
    client.force_login(ada)
    for name, path in routes():
        for before, after in {"<id:run_id>": there.run.run_id, "<id:todo_id>": there.todo, "<str:secret>": "x"}.items():
            path = path.replace(before, str(after))
        path = path.replace("<key:key>", AT_WORK[-1])
        if client.get(path).status_code == 200:
            yield name, path


def other_looks(there: Flooded) -> Iterator[tuple[str, str]]:
    run, ended = f"/runs/{there.run.run_id}", f"/runs/{there.ended.run_id}"
    for key in (COMPLETED[0], FAILED[0], ASKING[0], WAITING[0], WAITING[-1]):
        yield "run-subtask", f"{run}/subtasks/{key}/"
    for query in ("", "graph/", "subtasks/"):
        yield "past", f"{ended}/{query}?at=3"
    yield "run", f"{run}/?as=table"
    yield "run-graph", f"{run}/graph/?as=table"
    yield "run-insight", f"{ended}/insight/"
    yield "compare", f"/insights/?compare={there.run.run_id}&compare={there.ended.run_id}"
    yield "run-subtasks", f"{run}/subtasks/?status=failed"
    yield "todo-decompose", f"/todos/{there.todo}/decompose/?strategy=phases"
    yield "badge", f"/api/v1{run}/badge.svg"
    yield "report", f"/api/v1{run}/report/?format=html"
    yield "api", "/api/v1/docs/"


def in_the_admin() -> Iterator[tuple[str, str]]:
    """Lists, and the newest of each kind."""
    yield "admin", reverse("admin:index")
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        yield "admin", reverse(f"{name}_changelist")
        if row := model._default_manager.order_by("-pk").first():
            yield "admin", reverse(f"{name}_change", args=[row.pk])


def asked_for(there: Flooded) -> Iterator[tuple[str, str]]:
    """Texts that a view only gives back: what is searched for, and what is not there."""
    views = cycle(["/runs/", "/todos/", f"/runs/{there.run.run_id}/subtasks/"])
    texts = " ".join(text[:90] for text in [*payloads.HTML, *payloads.BREAKING_OUT, *payloads.SCRIPT])
    for at in range(0, len(texts), 190):
        yield "asked", f"{next(views)}?q={quote(texts[at : at + 200])}"


def test_nothing_is_run_in_any_view_and_every_text_can_be_read(browser: Browser, ada: User, there: Flooded) -> None:
    for view, path in [*pages(ada, there), *other_looks(there), *in_the_admin(), *asked_for(there)]:
        html = browser.look(view, path)
        while view in ALL_OF_THEM and (following := NEXT.search(html)):
            html = browser.look(view, path.partition("?")[0] + following[1].replace("&amp;", "&"))
    assert browser.told == []
    short = {f"{number:03d}" for number in range(MANY) if len(ansi.visible(payloads.of(number))) <= 80}
    assert len(short) > 150
    assert [(view, short - browser.seen[view]) for view in ALL_OF_THEM if short - browser.seen[view]] == []


def test_what_comes_by_itself_and_what_is_pressed_runs_nothing_either(browser: Browser, ada: User) -> None:
    every = payloads.together(10_000)
    there = scene(ada, "abc", {"c": ["b"]}, content=every)
    page = browser.page
    browser.look("run", f"/runs/{there.run_id}/")
    expect(page.locator("#connection")).to_have_text(re.compile("live"))
    there.start("a", "b", agent=payloads.of(7, 200))
    there.print("b", every)
    there.later(3)
    there.fail("a", error=every)
    expect(page.locator('[data-counter="failed"]')).to_have_attribute("data-value", "1")
    browser.check("run")
    expect(page.locator("canvas")).to_have_attribute("aria-label", re.compile("2 attempts, 1 under way, 1 went wrong"))
    page.locator("canvas").focus()
    page.keyboard.press("j")
    expect(page.locator("#picked")).to_contain_text("pwned(1)")
    browser.check("picked")
    page.keyboard.press("Enter")
    expect(page.locator("#subtask-drawer")).to_contain_text("pwned(1)")
    browser.check("drawer")
    page.keyboard.press("x")
    page.get_by_role("button", name="Cancel the run").click()
    expect(page.locator("#run-notices")).to_contain_text("Being cancelled.")
    browser.check("cancelled")
    assert browser.told == []


def test_the_second_that_is_looked_back_at_runs_nothing(browser: Browser, ada: User) -> None:
    there = full(ada)
    browser.look("run", f"/runs/{there.run_id}/subtasks/")
    slider = browser.page.locator("#run-at")
    slider.fill("5")
    expect(browser.page.locator("#subtask-rows [data-row] .status")).to_have_text("in progress")
    browser.check("past")
    assert browser.told == []


def test_a_report_that_was_saved_runs_nothing_without_a_policy(browser: Browser, ada: User, tmp_path: Path) -> None:
    there = full(ada)
    client = Client()
    client.force_login(ada)
    saved = tmp_path / "run.html"
    saved.write_bytes(b"".join(client.get(f"/api/v1/runs/{there.run_id}/report/?format=html")))
    browser.page.goto(saved.as_uri())
    assert "pwned(1)" in browser.page.inner_text("main")
    assert browser.page.locator("script, img, iframe, object, link, a").count() == 0
    assert browser.told == []


def test_files_are_files_whatever_is_in_them(ada: User) -> None:
    run = f"/api/v1/runs/{full(ada).run_id}"
    client = Client()
    client.force_login(ada)
    for path in (f"{run}/report/", f"{run}/report/?format=csv", f"{run}/trace/", f"{run}/", f"{run}/events/"):
        answer = client.get(path)
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Type"].partition(";")[0] in ("application/json", "text/csv"), path


def test_no_hostile_text_can_be_a_key(api: Api) -> None:
    for text in payloads.ALL:
        assert api.post("todos/", {"content": "a todo", "key": text}).status_code == 422


# ---- what looks can see ----

SEEN = {
    "<img src=x onerror=pwned(1)>": "ran",
    "<iframe srcdoc='x'></iframe>": "<iframe>",
    "<a href='javascript:pwned(1)'>x</a>": 'href="javascript:pwned(1)"',
    "<p>\u202egnp</p>": "hidden characters",
    "<p hx-get='/pwned'>x</p>": "hx-get",
    "<img src='/pwned.png'>": "asked for",
    "<img src='https://evil.example/'>": "asked for",
}


@pytest.mark.parametrize("html", SEEN)
def test_what_runs_or_leads_elsewhere_is_told(visit: Open, server: str, watched: Watched, html: str) -> None:
    watched.expected += ["404", "ERR_"]
    page = visit("/settings/", bypass_csp=True)
    browser = Browser(page, page.context, server)
    page.reload()
    page.evaluate("(html) => document.body.insertAdjacentHTML('beforeend', html)", html)
    browser.tells("settings", SEEN[html])


def test_what_the_policy_refuses_is_told(browser: Browser, watched: Watched) -> None:
    watched.expected += ["404", "Content Security Policy"]
    browser.look("settings", "/settings/")
    with browser.page.expect_console_message(lambda message: "Content Security Policy" in message.text):
        browser.page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=pwned(1)>')")
    browser.tells("settings", "script-src")
