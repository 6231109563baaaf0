"""What tests of the page of a todo look at and press."""

import re

from playwright.sync_api import Page, expect

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
