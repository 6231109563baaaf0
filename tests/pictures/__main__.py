"""`make pictures`, or `python -m tests.pictures NAME…` for some of them: screenshots of a real server at work.

The server has a home folder of its own. It explores a part of the source of Django, as `make run` explores Abreast at
its first start; when that is over it makes a release that is only pretended, and pictures of work under way are taken
of that, one soon after the other. A new picture is a line in PICTURES.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from tests.live_server import Server, running
from tests.pictures import exploring, releasing
from tests.setup import browser as installed_browser

TARGET = Path(__file__).resolve().parent.parent.parent / "docs" / "pictures"
MOST_BYTES = 200_000
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}


@dataclass(frozen=True, slots=True)
class Picture:
    """A page, and how it is looked at. `path` may name `{run}`, the run that is under way, `{ended}`, one before, and
    `{todo}`, what is run.

    `ready`: what must be on the page before it is taken. `press`: a button to press first.
    `options`: those of a browser context.
    """

    path: str
    ready: str = "h1"
    press: str = ""
    options: dict[str, Any] = field(default_factory=dict)


PICTURES = {
    "overview": Picture("/", "#overview-running"),
    "todo": Picture("/todos/{todo}/", "#todo-tree [data-todo]"),
    "run": Picture("/runs/{run}/", "canvas", "Fit"),
    "run-dark": Picture("/runs/{run}/", "canvas", "Fit", {"color_scheme": "dark"}),
    "run-phone": Picture("/runs/{run}/", "canvas", "Fit", {"viewport": PHONE}),
    "subtask": Picture("/runs/{ended}/subtasks/merge/", "#subtask-drawer"),
}


def main(names: list[str]) -> None:
    if unknown := set(names) - set(PICTURES):
        sys.exit(f"there is no picture {', '.join(sorted(unknown))}; there is: {', '.join(PICTURES)}")
    TARGET.mkdir(parents=True, exist_ok=True)
    with running(ABREAST_WORKSPACE=str(exploring.WORKSPACE)) as server, browser() as chromium:
        cookies = sign_in(chromium, server)
        before = exploring.start(server, exploring.plant(server, "django/forms"))
        known = {"ended": exploring.ended(server, before), "todo": releasing.plant(server)}
        run = releasing.start(server, known["todo"])
        known["run"] = exploring.begun(server, run, releasing.BEGUN)
        for name in names or PICTURES:
            print(take(chromium, server, name, known, cookies), flush=True)


@contextmanager
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=installed_browser(), args=ARGUMENTS)
        yield chromium
        chromium.close()


def sign_in(chromium: Browser, server: Server) -> Any:
    """The cookies of the owner, got as a person gets them: by the link the server has printed."""
    context = chromium.new_context()
    page = context.new_page()
    page.goto(server.login)
    page.get_by_role("button", name="Sign in").click()
    page.locator("h1").wait_for()
    found = context.cookies()
    context.close()
    return found


def take(chromium: Browser, server: Server, name: str, known: dict[str, str], cookies: Any) -> str:
    """Takes one picture, and says what became of it. A picture that is too large, or of a broken page, is refused."""
    picture, target = PICTURES[name], TARGET / f"{name}.png"
    context = chromium.new_context(base_url=server.url, **({"viewport": DESKTOP} | picture.options))
    context.add_cookies(cookies)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    answer = page.goto(picture.path.format(**known), wait_until="load")
    page.locator(picture.ready).first.wait_for()
    if picture.press:
        page.get_by_role("button", name=picture.press, exact=True).click()
    page.evaluate("document.fonts.ready.then(() => new Promise(requestAnimationFrame))")
    page.screenshot(path=target, animations="disabled", caret="hide")
    context.close()
    if errors or answer is None or not answer.ok:
        sys.exit(f"{name}: the page is broken: {'; '.join(errors) or (answer and answer.status)}")
    if (size := target.stat().st_size) > MOST_BYTES:
        sys.exit(f"{name}: {size} bytes, more than {MOST_BYTES}")
    return f"{name}: {size / 1000:.0f} kB"


if __name__ == "__main__":
    main(sys.argv[1:])
