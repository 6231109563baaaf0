"""Every page, in both themes, by the rules of axe-core (MPL-2.0, in tests/vendor: it is no part of the product)."""

from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Open
from tests.e2e.test_pages import DRAWER, PAGES
from tests.scenes import Scene, scene

AXE = (Path(__file__).parent.parent / "vendor" / "axe-4.14.1.min.js").read_text(encoding="utf-8")
ENDED = ["/runs/{run}/", "/runs/{run}/?at=3", "/runs/{run}/subtasks/?at=3", "/runs/{run}/graph/?at=3"]
FILE = {"kind": "file", "name": "src/**", "mode": "write", "amount": 1}


@pytest.fixture
def there(ada: User) -> Scene:
    """One is done, one failed, one is at work, one waits for what that holds, one for others."""
    keys = ["read.a", "read.b", "read.c", "read.d", "note"]
    made = scene(ada, keys, {"note": ["read.c"]}, claims={"read.c": [FILE], "read.d": [FILE]}, max_agents=4)
    made.start("read.a", agent="agent-1")
    made.start("read.b", agent="agent-2")
    made.start("read.c", "read.d", agent="agent-3")
    made.print("read.c", "\x1b[32mok\x1b[0m first line\n")
    made.later(5)
    made.complete("read.a")
    made.fail("read.b", error="exit code 1")
    return made


def violations(page: Page) -> list[str]:
    """What axe finds, a line each."""
    page.evaluate(AXE)
    found: dict[str, Any] = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{rule['id']}: {node['target']} {node['failureSummary']}"
        for rule in found["violations"]
        for node in rule["nodes"][:3]
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("path", [*PAGES, DRAWER])
def test_no_rule_of_axe_is_violated(visit: Open, there: Scene, path: str, theme: str) -> None:
    page = visit(path.format(run=there.run_id, todo=there.run.todo_id), color_scheme=theme, reduced_motion="reduce")
    expect(page.locator("h1")).to_be_attached()
    assert violations(page) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("path", ENDED)
def test_no_rule_is_violated_by_a_run_that_has_ended(visit: Open, ada: User, path: str, theme: str) -> None:
    made = scene(ada, "ab")
    made.start("a", "b")
    made.later(10)
    made.complete("a", "b")
    page = visit(path.format(run=made.run_id), color_scheme=theme, reduced_motion="reduce")
    expect(page.locator("h1")).to_be_attached()
    assert violations(page) == []


@pytest.mark.parametrize("path", ["/", "/agents/"])
def test_no_rule_is_violated_by_what_is_empty(visit: Open, path: str) -> None:
    assert violations(visit(path)) == []


def test_a_page_that_violates_a_rule_is_told(visit: Open) -> None:
    page = visit("/agents/")
    page.evaluate("document.querySelector('h1').insertAdjacentHTML('afterend', '<button></button>')")
    assert [line.split(":")[0] for line in violations(page)] == ["button-name"]


# ---- on paper, and without motion ----


def test_on_paper_there_is_the_page_and_nothing_to_press(visit: Open, there: Scene) -> None:
    page = visit(f"/runs/{there.run_id}/subtasks/", color_scheme="dark")
    expect(page.locator(".side-nav")).to_be_visible()
    page.emulate_media(media="print")
    for pressed in (".side-nav", ".top-line", ".page-header .actions"):
        expect(page.locator(pressed)).to_be_hidden()
    expect(page.locator("#subtask-rows [data-row]").first).to_be_visible()
    colour = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert colour == "rgb(246, 246, 244)"


def test_nothing_moves_for_those_who_want_it_still(visit: Open, there: Scene) -> None:
    page = visit(f"/runs/{there.run_id}/subtasks/", reduced_motion="reduce")
    page.locator(".figure").first.evaluate("(figure) => figure.classList.add('is-changed')")
    assert page.evaluate("document.getAnimations().length") == 0
