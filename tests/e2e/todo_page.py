"""What tests of the page of a todo look at and press."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, Request, Route, expect

CHECKLIST = """# Ship it
- [x] Write the notes
- Build (0.3 s)
- Test
  - Unit tests (0.2 s)
  - Browser tests (0.4 s)
- Publish (0.1 s)
"""


def live(page: Page) -> None:
    """A page that is left before its socket is open complains on the console."""
    expect(page.locator("#connection")).to_have_text(re.compile("live"))


def row(page: Page, key: str) -> None:
    page.locator(f'.todo-row[data-key="{key}"]').focus()


def in_order(page: Page, *expected: str) -> None:
    rows = page.locator(".todo-row[data-row]")
    expect(rows).to_have_count(len(expected))
    for at, key in enumerate(expected):
        expect(rows.nth(at)).to_have_attribute("data-key", key)


def refreshed_late(page: Page) -> tuple[Callable[[Request], bool], Callable[[], None]]:
    """Has the page look whether its todos have changed. The request is on its way until the second of these is called;
    the first knows such requests."""

    def refreshes(request: Request) -> bool:
        return request.headers.get("hx-source") == "div#todo-refresh"

    def hold(route: Route) -> None:
        if refreshes(route.request) and not held:
            held.append(route)
        else:
            route.fallback()

    held: list[Route] = []
    page.route("**/todos/**", hold)
    with page.expect_request(refreshes):
        page.evaluate("document.getElementById('todo-refresh').dispatchEvent(new CustomEvent('abreast:stale'))")
    return refreshes, lambda: held[0].continue_()
