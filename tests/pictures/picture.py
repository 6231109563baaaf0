"""A picture of a page, and how it is taken."""

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser

from tests.live_server import Server

MOST_BYTES = 200_000
DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}


@dataclass(frozen=True, slots=True)
class Picture:
    """A page, and how it is looked at. `path` may name `{run}`, the run that is under way, `{ended}`, one before, and
    `{todo}`, what is run.

    `ready`: what must be on the page before it is taken. `press`: a button to press first.
    `options`: those of a browser context. `status`: what the server answers.
    """

    path: str
    ready: str = "h1"
    press: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    status: int = 200

    def take(self, chromium: Browser, server: Server, target: Path, known: dict[str, str], cookies: Any) -> str:
        """Takes it, and says what became of it. A picture that is too large, or of a broken page, is refused."""
        context = chromium.new_context(base_url=server.url, **({"viewport": DESKTOP} | self.options))
        context.add_cookies(cookies)
        page = context.new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        answer = page.goto(self.path.format(**known), wait_until="load")
        page.locator(self.ready).first.wait_for(state="attached")
        if self.press:
            page.get_by_role("button", name=self.press, exact=True).click()
        page.wait_for_function("document.fonts.status === 'loaded'")
        page.screenshot(path=target, animations="disabled", caret="hide")
        context.close()
        if errors or answer is None or answer.status != self.status:
            sys.exit(f"{target.stem}: the page is broken: {'; '.join(errors) or (answer and answer.status)}")
        if (size := target.stat().st_size) > MOST_BYTES:
            sys.exit(f"{target.stem}: {size} bytes, more than {MOST_BYTES}")
        return f"{target.stem}: {size / 1000:.0f} kB"
