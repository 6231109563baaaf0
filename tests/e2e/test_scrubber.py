import re

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import expect

from tests.e2e.conftest import Open
from tests.scenes import Scene, scene


@pytest.fixture
def ended(ada: User) -> Scene:
    made = scene(ada, "ab", {"b": ["a"]})
    made.start("a")
    made.later(10)
    made.complete("a")
    made.start("b")
    made.later(20)
    made.complete("b")
    return made


@pytest.mark.parametrize("view", ["", "graph/", "subtasks/"])
def test_the_slider_shows_the_page_as_it_was_by_keyboard(visit: Open, ended: Scene, view: str) -> None:
    page = visit(f"/runs/{ended.run_id}/{view}?at=10.5")
    completed = page.locator('[data-counter="completed"]')
    expect(completed).to_have_attribute("data-value", "1")
    slider = page.get_by_label("As it was at")
    slider.focus()
    page.keyboard.press("Home")
    expect(completed).to_have_attribute("data-value", "0")
    page.wait_for_url(re.compile(r"at=0$"))
    page.keyboard.press("End")
    expect(completed).to_have_attribute("data-value", "2")
    expect(page.get_by_text("Completed in")).to_be_visible()
    page.wait_for_url(re.compile(rf"/{view}$"))


def test_a_moment_is_chosen_without_scripts_too(visit: Open, ended: Scene) -> None:
    page = visit(f"/runs/{ended.run_id}/graph/", java_script_enabled=False)
    page.get_by_label("As it was at").fill("12")
    page.get_by_role("button", name="Show").click()
    assert page.url.endswith("at=12")
    expect(page.get_by_role("link", name="b, in progress")).to_be_visible()
    page.get_by_role("link", name="To the end").click()
    expect(page.get_by_role("link", name="b, completed")).to_be_visible()
