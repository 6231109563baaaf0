"""Lists that change by themselves: runs, todos, insights; and the proof of what they say."""

import re

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, WebSocketRoute, expect

from runs.models import Run, Subtask
from tests.e2e.conftest import Open
from tests.e2e.test_accessible import violations
from tests.e2e.todo_page import live
from tests.factories import plant
from tests.scenes import Scene, scene
from todos.models import Todo


@pytest.fixture
def there(ada: User) -> Scene:
    made = scene(ada, "abc", content="Review the code base", max_agents=2)
    made.start("a")
    return made


def prove(page: Page) -> str:
    page.get_by_role("button", name="Prove it").click()
    return page.locator(".proof").inner_text()


def test_a_row_of_the_list_of_runs_changes_by_itself(visit: Open, there: Scene) -> None:
    page = visit("/runs/")
    live(page)
    row = page.locator(f"#run-{there.run_id}")
    expect(row).to_contain_text("0 of 3")
    there.complete("a")
    expect(row).to_contain_text("1 of 3")


def test_under_the_pointer_rows_change_in_place_and_new_ones_wait(visit: Open, there: Scene, ada: User) -> None:
    page = visit("/runs/")
    live(page)
    row = page.locator(f"#run-{there.run_id}")
    row.hover()
    there.complete("a")
    expect(row).to_contain_text("1 of 3")
    scene(ada, "z", content="Another").start("z")
    held = page.locator("[data-held]:visible")
    expect(held).to_contain_text("1 new")
    expect(page.locator("#run-rows [data-row]")).to_have_count(1)
    held.get_by_role("button", name="Show now").click()
    expect(page.locator("#run-rows [data-row]")).to_have_count(2)


def test_a_list_without_a_socket_asks_again_and_says_so(visit: Open, there: Scene) -> None:
    def refuse(page: Page) -> None:
        def close(route: WebSocketRoute) -> None:
            route.close(code=1011)

        page.route_web_socket(re.compile(".*"), close)

    page = visit("/runs/?status=running", before=refuse)
    expect(page.locator("#connection")).to_have_text(re.compile("polling"))
    there.complete("a")
    expect(page.locator(f"#run-{there.run_id}")).to_contain_text("1 of 3")


def test_what_a_list_says_can_be_proved(visit: Open, there: Scene) -> None:
    page = visit("/runs/")
    live(page)
    assert "Equal: the row says what is there." in prove(page)
    assert violations(page) == []
    Subtask.objects.filter(key="c").update(status="completed")
    page.locator(".proof").get_by_role("button", name="Close").click()
    assert f"1 of 1 rows differ: {there.run_id}" in prove(page)
    expect(page.locator(".proof tr.differs")).to_have_count(1)


def test_the_overview_can_be_proved_too(visit: Open, there: Scene) -> None:
    page = visit("/")
    live(page)
    assert "Equal: the row says what is there." in prove(page)


def test_the_list_of_todos_can_be_proved_too(visit: Open, ada: User) -> None:
    plant(ada, "One thing")
    plant(ada, "Two things", subtasks=[{"key": key, "content": key} for key in "ab"])
    page = visit("/todos/")
    live(page)
    assert "Equal: all 2 rows say what is there." in prove(page)
    Todo.objects.filter(content="Two things").update(counts={})
    page.reload()
    live(page)
    assert "1 of 2 rows differ" in prove(page)


def test_insights_take_in_a_run_that_has_ended(visit: Open, ada: User) -> None:
    page = visit("/insights/")
    live(page)
    expect(page.locator("#insights")).to_contain_text("No run has ended")
    ended = scene(ada, "ab", content="Ended just now", max_agents=2)
    Run.objects.filter(pk=ended.run_id).update(created_at=ended.now)
    ended.now = ended.run.updated_at
    ended.start("a", "b")
    ended.complete("a", "b")
    expect(page.locator("#past-rows")).to_contain_text("Ended just now")
    assert "Equal: what you see is what is there." in prove(page)


def test_a_run_of_the_list_is_cancelled_by_keyboard_after_asking(visit: Open, there: Scene) -> None:
    page = visit("/runs/")
    live(page)
    page.keyboard.press("j")
    page.keyboard.press("x")
    dialog = page.get_by_role("dialog", name="Cancel this run?")
    expect(dialog.get_by_role("button", name="Cancel the run")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_text("The run is being cancelled.")).to_be_visible()
    expect(dialog).to_be_hidden()
    expect(page.locator("#connection")).to_have_text(re.compile("live"))
    assert there.run.cancelled == 2


@pytest.mark.parametrize("path", ["/agents/", "/insights/", "/settings/"])
def test_a_todo_can_be_made_from_everywhere_by_one_key(visit: Open, path: str) -> None:
    page = visit(path)
    page.locator("h1").wait_for()
    page.keyboard.press("c")
    expect(page.get_by_role("heading", name="New todo")).to_be_visible()


def test_days_are_chosen_without_the_menu_closing(visit: Open, there: Scene) -> None:
    page = visit("/runs/")
    live(page)
    page.get_by_text("any day").click()
    page.get_by_label("Made on or after").fill("2020-01-01")
    expect(page).to_have_url(re.compile(r"/runs/\?from=2020-01-01$"))
    page.get_by_label("Made on or before").fill("2020-01-02")
    expect(page.locator("#run-table")).to_contain_text("No run is like that")
    expect(page.get_by_text("1 Jan – 2 Jan 2020")).to_be_visible()
    assert violations(page) == []
