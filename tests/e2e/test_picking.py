"""Picking subtasks in their table, by mouse and by keyboard, and doing something with those that were picked."""

import re

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from dashboard.views import runs
from runs import actions
from tests.e2e.conftest import Open
from tests.e2e.todo_page import live
from tests.scenes import Scene, scene


@pytest.fixture
def there(ada: User) -> Scene:
    """a is under way, the rest waits; f needs b."""
    made = scene(ada, "abcdef", {"f": ["b"]}, max_agents=2)
    made.start("a")
    return made


def opened(visit: Open, there: Scene) -> Page:
    page = visit(f"/runs/{there.run_id}/subtasks/")
    live(page)
    page.wait_for_load_state("networkidle")  # the first frame has the table fetched anew
    return page


def turned(page: Page, way: str) -> None:
    """On to the next page of the table, which is one of its own, until it is live."""
    with page.expect_navigation():
        page.get_by_role("link", name=way, exact=True).click()
    live(page)


def picked(page: Page) -> list[str]:
    found: list[str] = page.eval_on_selector_all("#subtask-rows :checked", "boxes => boxes.map((box) => box.value)")
    return found


def row(page: Page, key: str) -> str:
    return f'#subtask-rows [data-key="{key}"]'


def statuses(there: Scene) -> dict[str, str]:
    return dict(there.run.subtasks.values_list("key", "status"))


def test_rows_are_picked_by_mouse_and_cancelled_together(visit: Open, there: Scene) -> None:
    page = opened(visit, there)
    bar = page.locator(".pick-bar")
    expect(bar).to_be_hidden()
    page.get_by_label("Pick b", exact=True).click()
    page.locator(row(page, "d")).click(modifiers=["Shift"])
    assert picked(page) == ["b", "c", "d"]
    page.locator(row(page, "c")).click(modifiers=["Control"])
    assert picked(page) == ["b", "d"]
    expect(bar).to_contain_text("2 picked")
    expect(page.locator("#subtask-drawer")).to_have_count(0)
    bar.get_by_role("button", name="Cancel…").click()
    dialog = page.get_by_role("dialog", name="Cancel 2 subtasks?")
    expect(dialog).to_contain_text("1 other that needs them will be skipped")
    dialog.get_by_role("button", name="Cancel 2 subtasks").click()
    expect(dialog).to_be_hidden()
    expect(page.get_by_text("2 subtasks are being cancelled.")).to_be_visible()
    assert statuses(there) == dict(zip("abcdef", ["in_progress", *["cancelled", "pending"] * 2, "skipped"]))
    expect(bar).to_be_hidden()
    assert picked(page) == []


def test_rows_are_picked_and_cancelled_by_keyboard_alone(visit: Open, there: Scene) -> None:
    page = opened(visit, there)
    for key in ("j", "j", "Space", "j", "j", "Shift+Space"):
        page.keyboard.press(key)
    assert picked(page) == ["b", "c", "d"]
    page.keyboard.press("x")
    expect(page.get_by_role("dialog", name="Cancel 3 subtasks?")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    assert picked(page) == ["b", "c", "d"]
    page.keyboard.press("x")
    expect(page.get_by_role("button", name="Cancel 3 subtasks")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_text("3 subtasks are being cancelled.")).to_be_visible()
    assert there.run.cancelled == 3


def test_the_key_x_asks_about_the_row_it_is_pressed_on(visit: Open, there: Scene) -> None:
    page = opened(visit, there)
    page.locator(row(page, "c")).focus()
    page.keyboard.press("x")
    dialog = page.get_by_role("dialog", name="Cancel c?")
    expect(dialog.get_by_role("button", name="Cancel the subtask")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_text("c is being cancelled.")).to_be_visible()
    assert statuses(there)["c"] == "cancelled"
    assert there.run.cancelled == 1


def test_what_is_picked_stays_so_while_rows_change(visit: Open, there: Scene) -> None:
    page = opened(visit, there)
    page.get_by_label("Pick a", exact=True).click()
    page.get_by_label("Pick c", exact=True).click()
    page.locator("h1").click()
    there.complete("a")
    expect(page.locator(f"{row(page, 'a')} .status")).to_have_text("completed")
    expect(page.get_by_role("link", name="completed 1")).to_be_visible()  # the table has come anew
    expect(page.locator("#subtask-rows [data-row]").first).to_have_attribute("data-key", "a")
    assert sorted(picked(page)) == ["a", "c"]
    expect(page.locator(".pick-bar")).to_contain_text("2 picked")
    page.keyboard.press("Escape")
    assert picked(page) == []


def test_all_of_a_page_are_picked_by_one_box_and_tried_again_after_the_end(visit: Open, there: Scene) -> None:
    actions.cancel(there.run_id)
    there.lose("a")
    page = visit(f"/runs/{there.run_id}/subtasks/?status=cancelled")
    page.get_by_label("Pick all on this page").check()
    assert len(picked(page)) == there.run.cancelled
    page.get_by_label("Pick all on this page").uncheck()
    page.get_by_label("Pick f", exact=True).check()
    page.locator(".pick-bar").get_by_role("button", name="Try again…").click()
    dialog = page.get_by_role("dialog", name="Try 1 subtask again?")
    expect(dialog).to_contain_text("1 that it needs")
    dialog.get_by_role("button", name="Try again").click()
    expect(page).to_have_url(re.compile(rf"/runs/(?!{there.run_id}/)\d+/$"))
    expect(page.get_by_text("This is a new run of what you picked")).to_be_visible()
    expect(page.locator('[data-counter="total"]')).to_have_attribute("data-value", "2")


def test_two_runs_are_picked_and_compared(visit: Open, ada: User) -> None:
    first, _, third = (scene(ada, "a").run_id for _ in range(3))
    page = visit("/runs/")
    for key in ("j", "Space"):
        page.keyboard.press(key)
    compare = page.locator(".pick-bar").get_by_role("button", name="Compare two")
    expect(compare).to_be_disabled()
    page.get_by_label(f"Pick run {first}", exact=True).check()
    expect(page.locator(".pick-bar")).to_contain_text("2 picked")
    compare.click()
    expect(page.get_by_role("heading", name="Two runs beside each other")).to_be_visible()
    expect(page.locator("thead").first).to_contain_text(f"Run {third}")


def test_what_is_picked_stays_so_from_page_to_page(visit: Open, ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "A_PAGE", 2)
    first, second, third = (scene(ada, "a").run_id for _ in range(3))
    page = visit("/runs/")
    live(page)
    page.get_by_label(f"Pick run {third}", exact=True).check()
    turned(page, "Next")
    bar = page.locator(".pick-bar")
    expect(bar).to_contain_text("1 picked")
    page.get_by_label(f"Pick run {first}", exact=True).check()
    expect(bar).to_contain_text("2 picked")
    turned(page, "Previous")
    expect(page.get_by_label(f"Pick run {third}", exact=True)).to_be_checked()
    expect(page.get_by_label(f"Pick run {second}", exact=True)).not_to_be_checked()
    expect(bar).to_contain_text("2 picked")
    bar.get_by_role("button", name="Compare two").click()
    expect(page.locator("thead").first).to_contain_text(f"Run {third}")
    expect(page.locator("thead").first).to_contain_text(f"Run {first}")
    page.goto("/runs/")
    live(page)
    expect(bar).to_be_hidden()


def test_rows_are_picked_without_scripts(visit: Open, there: Scene) -> None:
    page = visit(f"/runs/{there.run_id}/subtasks/", java_script_enabled=False)
    page.get_by_label("Pick c", exact=True).check()
    page.get_by_label("Pick d", exact=True).check()
    page.get_by_role("button", name="Cancel…").click()
    page.get_by_role("button", name="Cancel 2 subtasks").click()
    expect(page).to_have_url(re.compile(rf"/runs/{there.run_id}/$"))
    assert there.run.cancelled == 2


# ---- from page to page ----


@pytest.fixture
def long(ada: User) -> Scene:
    """More subtasks than one page of the table shows."""
    return scene(ada, [f"t{number:03}" for number in range(60)])


def test_picks_are_kept_from_page_to_page_and_cancelled_together(visit: Open, long: Scene) -> None:
    page = opened(visit, long)
    page.get_by_label("Pick t000", exact=True).check()
    page.get_by_label("Pick t001", exact=True).check()
    turned(page, "Next")
    page.get_by_label("Pick t055", exact=True).check()
    bar = page.locator(".pick-bar")
    expect(bar).to_contain_text("3 picked, 2 on other pages")
    page.goto(f"/runs/{long.run_id}/subtasks/?status=failed")
    expect(bar).to_contain_text("3 picked, 3 on other pages")
    bar.get_by_role("button", name="Cancel…").click()
    dialog = page.get_by_role("dialog", name="Cancel 3 subtasks?")
    dialog.get_by_role("button", name="Cancel 3 subtasks").click()
    expect(page.get_by_text("3 subtasks are being cancelled.")).to_be_visible()
    expect(bar).to_be_hidden()
    assert {key for key, status in statuses(long).items() if status == "cancelled"} == {"t000", "t001", "t055"}


def test_picks_of_other_pages_are_tried_again_and_then_forgotten(visit: Open, long: Scene) -> None:
    actions.cancel(long.run_id)
    with long.entry():  # nothing is under way, so it ends at the next pass
        pass
    page = visit(f"/runs/{long.run_id}/subtasks/?q=t00")
    page.get_by_label("Pick all on this page").check()
    page.goto(f"/runs/{long.run_id}/subtasks/?q=t059")
    page.get_by_label("Pick t059", exact=True).check()
    page.locator(".pick-bar").get_by_role("button", name="Try again…").click()
    page.get_by_role("dialog", name="Try 11 subtasks again?").get_by_role("button", name="Try again").click()
    expect(page.get_by_text("This is a new run of what you picked")).to_be_visible()
    expect(page.locator('[data-counter="total"]')).to_have_attribute("data-value", "11")
    page.goto(f"/runs/{long.run_id}/subtasks/")
    expect(page.locator(".pick-bar")).to_be_hidden()


def test_what_is_unpicked_or_cleared_is_not_kept(visit: Open, long: Scene) -> None:
    page = opened(visit, long)
    page.get_by_label("Pick t000", exact=True).check()
    page.get_by_label("Pick t001", exact=True).check()
    page.get_by_label("Pick t001", exact=True).uncheck()
    page.reload()
    expect(page.get_by_label("Pick t000", exact=True)).to_be_checked()
    assert picked(page) == ["t000"]
    page.get_by_role("button", name="Clear").click()
    page.reload()
    assert picked(page) == []
