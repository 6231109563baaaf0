import re

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import expect

from tests.e2e.conftest import Open
from tests.scenes import Scene, ended_scene


@pytest.fixture
def ended(ada: User) -> Scene:
    return ended_scene(ada)


@pytest.mark.parametrize("view", ["", "events/"])
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


def test_each_view_follows_the_slider(visit: Open, ended: Scene) -> None:
    shown = {
        "": ("canvas", "aria-label", "1 attempt, 1 under way", "2 attempts, 0 under way"),
        "graph/": ("#run-graph", "", "a, in progress", "a, completed"),
        "events/": ("#event-table .table-foot", "", "until then", "9 of 9 *$"),
        "insight/": ("#run-insight", "", "had taken 5.0 s", "it took 30 s"),
    }
    page = visit("/runs/")
    for view, (place, attribute, then, at_the_end) in shown.items():
        page.goto(f"/runs/{ended.run_id}/{view}")
        slider = page.get_by_label("As it was at")
        for seconds, words in (("5", then), ("30", at_the_end)):
            slider.fill(seconds)
            where, what = page.locator(place), re.compile(words)
            if attribute:
                expect(where).to_have_attribute(attribute, what)
            else:
                expect(where).to_contain_text(what)
        expect(page.get_by_role("link", name="To the end")).to_be_hidden()


def test_a_moment_is_chosen_without_scripts_too(visit: Open, ended: Scene) -> None:
    page = visit(f"/runs/{ended.run_id}/graph/", java_script_enabled=False)
    page.get_by_label("As it was at").fill("12")
    page.get_by_role("button", name="Show").click()
    expect(page).to_have_url(re.compile(r"at=12$"))
    expect(page.get_by_role("link", name="b, in progress")).to_be_visible()
    page.get_by_role("link", name="To the end").click()
    expect(page.get_by_role("link", name="b, completed")).to_be_visible()
