"""`make pictures`, or `python -m tests.pictures NAME…` for some of them: screenshots of a real server at work.

The server has a home folder of its own. It explores a part of the source of Django, as `make run` explores Abreast at
its first start; when that is over it makes a release that is only rehearsed, and pictures of work under way are taken
of that, one soon after the other. A new picture is a line in PICTURES. `every` takes all pages in all looks.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from tests.live_server import Server, running
from tests.pictures import every, exploring, releasing
from tests.pictures.picture import PHONE, Picture
from tests.setup import browser as installed_browser

TARGET = Path(__file__).resolve().parent.parent.parent / "docs" / "pictures"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
EVERY = "every"

PICTURES = {  # what is under way comes first: it ends meanwhile
    "run": Picture("/runs/{run}/", "canvas", "Fit"),
    "run-dark": Picture("/runs/{run}/", "canvas", "Fit", {"color_scheme": "dark"}),
    "run-phone": Picture("/runs/{run}/", "canvas", "Fit", {"viewport": PHONE}),
    "graph": Picture("/runs/{run}/graph/", "svg.graph"),
    "overview": Picture("/", "#overview-running"),
    "todo": Picture("/todos/{todo}/", "#todo-tree [data-todo]"),
    "plan": Picture("/todos/{todo}/plan/?max_agents=6"),
    "subtask": Picture("/runs/{ended}/subtasks/merge/", "#subtask-drawer"),
    "settings": Picture("/settings/"),
    "insight": Picture("/runs/{run}/insight/"),
}


def main(names: list[str]) -> None:
    if unknown := set(names) - {EVERY, *PICTURES, *every.ALL}:
        sys.exit(f"there is no picture {', '.join(sorted(unknown))}; there is: {', '.join([*PICTURES, EVERY])}")
    wanted = [*every.ALL] if EVERY in names else names or [*PICTURES]
    with running(ABREAST_WORKSPACE=str(exploring.WORKSPACE)) as server, browser() as chromium:
        cookies = sign_in(chromium, server)
        before = exploring.start(server, exploring.plant(server, "django/forms"))
        known = {
            "ended": exploring.ended(server, before),
            "todo": releasing.plant(server, every.TIMES if EVERY in names else 1),
        }
        releasing.ask(server)
        run = releasing.start(server, known["todo"])
        known["run"] = exploring.begun(server, run, releasing.BEGUN)
        for name in wanted:
            picture, folder = (PICTURES[name], TARGET) if name in PICTURES else (every.ALL[name], every.FOLDER)
            folder.mkdir(parents=True, exist_ok=True)
            print(picture.take(chromium, server, folder / f"{name}.png", known, cookies), flush=True)


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


if __name__ == "__main__":
    main(sys.argv[1:])
