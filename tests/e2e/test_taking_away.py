"""The menu of a run's header: the run as a file, whatever its state and the width of the window."""

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Open
from tests.e2e.test_accessible import violations
from tests.e2e.todo_page import live
from tests.scenes import scene


def menu(page: Page) -> None:
    page.locator("#run-export summary").click()


@pytest.mark.parametrize("width", [390, 1280])
def test_a_run_under_way_can_be_taken_away_as_a_file(visit: Open, ada: User, width: int) -> None:
    there = scene(ada, "ab")
    page = visit(f"/runs/{there.run_id}/graph/", viewport={"width": width, "height": 844})
    menu(page)
    files = page.locator("#run-export a")
    expect(files).to_have_count(5)
    for at in range(5):
        expect(files.nth(at)).to_be_in_viewport(ratio=1)
    assert violations(page) == []
    with page.expect_download() as taken:
        page.locator("#run-export").get_by_role("link", name="CSV").click()
    assert taken.value.suggested_filename.endswith(".csv")


def test_an_open_menu_stays_open_while_the_run_goes_on(visit: Open, ada: User) -> None:
    there = scene(ada, "ab", max_agents=2)
    there.start("a", "b")
    page = visit(f"/runs/{there.run_id}/subtasks/")
    live(page)
    menu(page)
    there.complete("a")
    expect(page.locator('[data-counter="completed"]')).to_have_attribute("data-value", "1")
    expect(page.locator("#run-export a").first).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#run-export a").first).to_be_hidden()
    expect(page.locator("#run-export summary")).to_be_focused()
