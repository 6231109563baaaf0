"""How soon a person sees something: the pages of a large run in Chromium, from the server as people start it."""

import argparse
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import cycle
from typing import Any

import django

django.setup()

from django.core.management import call_command  # noqa: E402  (these need the settings)
from playwright.sync_api import Page, sync_playwright  # noqa: E402

from runs.orchestrating import orchestrator  # noqa: E402
from tests.bench.work.server import HOST, Asking, Server, cookie_of_owner, spread, up  # noqa: E402
from tests.bench.work.size import half_done  # noqa: E402
from tests.setup import browser as installed_browser  # noqa: E402

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
WARM = 3
PAINTED = """() => new Promise((told) => {
  const look = (list) => list.getEntriesByName("first-contentful-paint").forEach((paint) => told(paint.startTime));
  new PerformanceObserver(look).observe({type: "paint", buffered: true});
})"""
# From a press to the first picture in which it shows, by the clock of the machine: a page may load in between.
PRESS = "(link) => { sessionStorage.setItem('pressed', Date.now()); link.click(); }"
SHOWN = "(is) => document.querySelector(is) ? Date.now() - sessionStorage.getItem('pressed') : null"
# When the picture is drawn that shows an event as new as that.
TICK = """(seq) => new Promise((told) => {
  const look = () => {
    if (Number(document.getElementById("frame").dataset.seq) < seq) return requestAnimationFrame(look);
    requestAnimationFrame(() => told(Date.now()));
  };
  look();
})"""


@contextmanager
def page_of(server: Server) -> Iterator[Page]:
    """A window of Chromium, signed in."""
    name, value = cookie_of_owner(server.port)["Cookie"].split("=", 1)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=installed_browser(), args=ARGUMENTS)
        context = chromium.new_context(base_url=f"http://{HOST}:{server.port}", viewport={"width": 1440, "height": 900})
        context.add_cookies([{"name": name, "value": value, "url": f"http://{HOST}:{server.port}"}])
        yield context.new_page()
        chromium.close()


def first_paint(page: Page, run: int) -> float:
    page.goto(f"/runs/{run}/")
    return float(page.evaluate(PAINTED)) / 1_000


def press(page: Page, link: str, until: str) -> float:
    page.locator(link).evaluate(PRESS)
    return float(page.wait_for_function(SHOWN, arg=until, polling="raf").json_value()) / 1_000


def repeated(times: int, measure: Callable[[], float]) -> dict[str, Any]:
    return spread([measure() for _ in range(WARM + times)][WARM:])


def tabs(page: Page) -> Callable[[], float]:
    names = cycle(["graph", "subtasks", "events", "resources", "insight", "timeline"])

    def switch() -> float:
        name = next(names)
        return press(page, f'[data-tab="{name}"]', f'[data-tab="{name}"][aria-current]')

    return switch


def filters(page: Page) -> Callable[[], float]:
    words = cycle(["completed", "pending"])

    def narrow() -> float:
        address = f"status={next(words)}"
        return press(page, f'.filters a[href*="{address}"]', f'.filters a[href*="{address}"][aria-current]')

    return narrow


def ticks(page: Page, server: Server, run: int) -> Callable[[], float]:
    """Each is a report of an agent, timed from its sending to the picture that shows it."""
    asking = Asking(server.port, server.authorization)
    asking.ask("/api/v1/agents/", "POST", b'{"name": "bench"}')
    _, said = asking.ask("/api/v1/leases/", "POST", json.dumps({"agent": "bench", "run": str(run)}).encode())
    lease = json.loads(said)["leases"][0]
    shares = iter(range(1, 10_000))

    def tick() -> float:
        known = int(page.evaluate("Number(document.getElementById('frame').dataset.seq)"))
        body = {"epoch": lease["epoch"], "progress": next(shares) / 10_000}
        begun = time.time()
        asking.ask(f"/api/v1/attempts/{lease['attempt']}/heartbeat/", "POST", json.dumps(body).encode())
        return float(page.evaluate(TICK, known + 1)) / 1_000 - begun

    return tick


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("subtasks", type=int)
    parser.add_argument("--times", type=int, default=60)
    options = parser.parse_args()
    call_command("migrate", verbosity=0, interactive=False)
    orchestrator.start()
    run = half_done(options.subtasks).pk
    orchestrator.stop()
    with up() as server, page_of(server) as page:
        found = {"first paint": repeated(options.times, lambda: first_paint(page, run))}
        found["tab switch"] = repeated(options.times, tabs(page))
        page.goto(f"/runs/{run}/subtasks/")
        found["filter"] = repeated(options.times, filters(page))
        page.goto(f"/runs/{run}/")
        found["live tick"] = repeated(options.times, ticks(page, server, run))
    print(json.dumps(found))


if __name__ == "__main__":
    main()
