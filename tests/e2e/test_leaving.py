"""Leaving the page of a todo: whoever asked for another page gets it, whatever its runs do meanwhile."""

import re

import pytest
from playwright.sync_api import Page, Route, expect

from runs import actions
from tests.e2e.conftest import Open
from tests.e2e.todo_page import live
from todos.models import Todo

ASKED = re.compile(r"\?run=0$")
LEAVES = 'dispatchEvent(new Event("beforeunload"))'  # as when a link was pressed whose page takes its time
# How often it is asked for, counted in the page: what was asked before does not count.
COUNT = 'let asked = 0; document.addEventListener("htmx:before:request", () => { asked += 1; });'
ASKS = 'new Promise((seen) => document.addEventListener("htmx:before:request", () => seen(true), {once: true}))'
SAID = "new Promise((seen) => setTimeout(() => seen(asked), 100))"
AGAIN = 'document.querySelector("[data-refreshes]").dispatchEvent(new CustomEvent("abreast:stale"))'


@pytest.fixture
def page(visit: Open, there: Todo) -> Page:
    opened = visit(f"/todos/{there.pk}/")
    live(opened)
    return opened


@pytest.mark.parametrize("leaves", [True, False])
def test_an_answer_on_its_way_takes_no_page_back_that_was_asked_for(page: Page, there: Todo, leaves: bool) -> None:
    held: list[Route] = []
    begun: list[bool] = []  # what the page asks for before its run begins is answered as ever
    page.route(ASKED, lambda route: held.append(route) if begun else route.continue_())
    with page.expect_request(lambda request: bool(begun and ASKED.search(request.url))):
        begun.append(True)
        actions.start(there, actions.Options())
    page.evaluate(LEAVES if leaves else "0")
    loads: list[str] = []
    page.on("framenavigated", lambda frame: loads.append(frame.url))
    with page.expect_response(ASKED) as told:
        held[0].continue_()
    assert told.value.headers["hx-refresh"] == "true"
    if leaves:
        page.evaluate("new Promise((seen) => setTimeout(seen, 300))")
        assert loads == []
    else:
        expect(page.locator("#todo-run")).to_contain_text("which has not ended")
        assert loads == [page.url]


def test_nothing_more_is_asked_for_while_another_page_comes(page: Page) -> None:
    with page.expect_response(ASKED):
        page.evaluate(AGAIN)
    assert page.evaluate(f"() => {{ const seen = {ASKS}; {AGAIN}; return seen; }}")
    assert page.evaluate(f"() => {{ {COUNT} {LEAVES}; {AGAIN}; return {SAID}; }}") == 0
