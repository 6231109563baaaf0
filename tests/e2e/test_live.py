"""Pages that change by themselves: over the socket, without one, and without a jump."""

import re

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, WebSocketRoute, expect

from tests.e2e.conftest import Open, Watched
from tests.scenes import Scene, scene


@pytest.fixture
def there(ada: User) -> Scene:
    """`a` is done, `c` runs, `f` needs it, the rest is free to start."""
    made = scene(ada, "abcdef", {"f": ["c"]}, max_agents=3)
    made.start("a", agent="agent-1")
    made.start("c", agent="agent-3")
    made.complete("a")
    return made


def live(page: Page) -> Page:
    expect(page.locator("#connection")).to_have_text(re.compile("live"))
    return page


def counter(page: Page, name: str, value: int) -> None:
    expect(page.locator(f'[data-counter="{name}"]')).to_have_attribute("data-value", str(value))


def test_a_change_arrives_by_itself_over_the_socket(visit: Open, there: Scene) -> None:
    page = live(visit(f"/runs/{there.run_id}/"))
    counter(page, "completed", 1)
    there.complete("c")
    counter(page, "completed", 2)
    expect(page.locator("#now-next-rows")).not_to_contain_text("needs c")
    expect(page.locator('[data-tab="timeline"]')).to_have_attribute("aria-current", "page")


def test_without_a_socket_the_page_asks_again_and_says_so(visit: Open, there: Scene, watched: Watched) -> None:
    def refuse(page: Page) -> None:
        def close(route: WebSocketRoute) -> None:
            route.close(code=1011)

        page.route_web_socket(re.compile(".*"), close)

    page = visit(f"/runs/{there.run_id}/", before=refuse)
    expect(page.locator("#connection")).to_have_text(re.compile("polling"))
    there.complete("c")
    counter(page, "completed", 2)


class Line:
    """Between a page and its server. It can be cut, and mended again."""

    def __init__(self) -> None:
        self.is_cut = False
        self.open: list[WebSocketRoute] = []

    def lay(self, page: Page) -> None:
        page.route_web_socket(re.compile(".*"), self.connect)

    def connect(self, route: WebSocketRoute) -> None:
        if self.is_cut:
            route.close(code=1012)
        else:
            self.open += [route, route.connect_to_server()]

    def cut(self) -> None:
        self.is_cut = True
        for end in self.open:
            end.close(code=1012)


def test_a_lost_server_is_told_and_found_again(visit: Open, there: Scene, watched: Watched) -> None:
    watched.expected += ["ERR_INTERNET_DISCONNECTED", "htmx:ws:error", "ERR_CONNECTION"]
    line = Line()
    page = live(visit(f"/runs/{there.run_id}/subtasks/", before=line.lay))
    page.context.set_offline(True)
    line.cut()
    expect(page.locator("#connection")).to_have_text(re.compile("reconnecting"))
    there.complete("c")
    page.context.set_offline(False)
    line.is_cut = False
    live(page)
    counter(page, "completed", 2)


def test_the_end_of_a_run_is_shown_without_loading_again(visit: Open, ada: User) -> None:
    there = scene(ada, "a")
    there.start("a")
    page = live(visit(f"/runs/{there.run_id}/"))
    there.complete("a")
    expect(page.get_by_text("Completed in")).to_be_visible()
    expect(page.locator("#connection")).to_have_text(re.compile("ended"))
    expect(page.get_by_role("button", name="Pause")).to_have_count(0)


def test_what_is_next_says_how_many_have_not_ended_and_goes_with_the_last(visit: Open, ada: User) -> None:
    there = scene(ada, "ab")
    there.start("a", "b")
    page = visit(f"/runs/{there.run_id}/")
    expect(page.locator("#now-next-foot")).to_have_text("all that have not ended: 2")
    there.complete("a")
    expect(page.locator("#now-next-foot")).to_have_text("all that have not ended: 1")
    there.complete("b")
    expect(page.get_by_role("heading", name="Now and next")).to_be_hidden()


def test_live_numbers_shift_nothing_on_the_page(visit: Open, there: Scene) -> None:
    page = live(visit(f"/runs/{there.run_id}/"))
    page.evaluate(
        """() => {
          window.shifted = 0;
          const add = (list) => list.getEntries().forEach((entry) => (window.shifted += entry.value));
          new PerformanceObserver(add).observe({type: "layout-shift", buffered: true});
        }"""
    )
    there.complete("c")
    counter(page, "completed", 2)
    there.start("d", agent="agent-1")
    counter(page, "in_progress", 1)
    assert page.evaluate("window.shifted") < 0.01


def test_rows_keep_their_order_under_the_pointer(visit: Open, there: Scene) -> None:
    page = live(visit(f"/runs/{there.run_id}/"))
    listed = page.locator("#now-next-rows tr td:nth-child(2)")
    before = listed.all_inner_texts()
    page.locator("#now-next-rows tr").nth(1).hover()
    there.start("e", agent="agent-1")
    held = page.locator("[data-held]:visible")
    expect(held).to_contain_text("changed")
    assert listed.all_inner_texts() == before
    page.locator("h1").hover()
    expect(held).to_have_count(0)
    expect(listed.nth(1)).to_have_text("e")


def test_a_row_and_its_drawer_show_the_end_of_a_subtask(visit: Open, there: Scene) -> None:
    page = live(visit(f"/runs/{there.run_id}/subtasks/c/"))
    there.complete("c")
    expect(page.locator('[data-row][data-key="c"] .status')).to_have_text("completed")
    expect(page.locator("#subtask-drawer .is-badge")).to_have_text("completed")
    expect(page.locator("#subtask-drawer")).not_to_have_attribute("hx-trigger", re.compile(".*"))


def test_a_filtered_table_takes_in_what_begins_to_match(visit: Open, there: Scene) -> None:
    page = live(visit(f"/runs/{there.run_id}/subtasks/?status=completed"))
    expect(page.locator("#subtask-rows [data-row]")).to_have_count(1)
    there.complete("c")
    expect(page.locator("#subtask-rows [data-row]")).to_have_count(2)


def test_events_appear_on_top_as_they_come(visit: Open, there: Scene) -> None:
    page = live(visit(f"/runs/{there.run_id}/events/"))
    last = there.run.last_seq
    there.complete("c")
    expect(page.locator(f"#event-{last + 1}")).to_contain_text("completed")


def test_the_overview_follows_its_runs(visit: Open, there: Scene) -> None:
    page = live(visit("/"))
    card = page.locator(f"#card-{there.run_id}")
    expect(card).to_contain_text("1 of 6")
    there.complete("c")
    expect(card).to_contain_text("2 of 6")
    there.start("b")
    there.fail("b")
    expect(page.locator("#overview-waits")).to_contain_text("1 subtask failed")


def test_a_page_of_another_origin_opens_no_socket(visit: Open, there: Scene, watched: Watched) -> None:
    watched.expected.append("Unexpected response code: 403")
    page = visit("/", bypass_csp=True)  # it is the server that has to refuse
    address = f"{page.url.replace('http', 'ws')}ws/runs/{there.run_id}/"
    page.goto(page.url.replace("127.0.0.1", "localhost") + "login/")
    opened = page.evaluate(
        """(address) => new Promise((told) => {
          const socket = new WebSocket(address);
          socket.onopen = () => told(true);
          socket.onerror = () => told(false);
        })""",
        address,
    )
    assert not opened
    assert any("403" in line for line in watched.found)


def test_rows_of_the_table_of_subtasks_stay_until_they_are_sorted_again(visit: Open, there: Scene) -> None:
    page = visit(f"/runs/{there.run_id}/subtasks/")
    live(page)
    before = there_now(page)
    first = page.locator("#subtask-rows tr").first
    there.complete(before[0])
    expect(first).to_contain_text("completed")
    changed = page.get_by_text("Order changed")
    expect(changed).to_be_visible()
    expect(page.get_by_role("link", name="completed 2")).to_be_visible()
    assert there_now(page) == before
    page.get_by_role("link", name="Sort again").click()
    expect(changed).to_be_hidden()
    expect(first).not_to_contain_text("completed")
    assert sorted(there_now(page)) == sorted(before)
    page.goto(f"/runs/{there.run_id}/subtasks/?status=pending")
    live(page)
    searched = there_now(page)[0]
    page.get_by_label(re.compile("Search")).fill(searched)
    expect(page.locator("#subtask-rows tr")).to_have_count(1)
    there.start(searched, agent="agent-9")
    expect(page.locator("#subtask-rows tr")).to_contain_text("in progress")
    expect(page.locator("#subtask-rows tr")).to_have_count(1)


def there_now(page: Page) -> list[str]:
    """The keys of the rows, from the top."""
    found: list[str] = page.eval_on_selector_all("#subtask-rows tr", "rows => rows.map(row => row.dataset.key)")
    return found
