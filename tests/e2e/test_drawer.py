"""The drawer of a subtask: from row to row, and all that is kept of it."""

import re

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import Open
from tests.e2e.test_accessible import violations
from tests.e2e.todo_page import live
from tests.runs.api.outside import Outsider, run_of
from tests.scenes import Scene, scene


@pytest.fixture
def there(ada: User) -> Scene:
    """a is under way and prints; b and c wait."""
    made = scene(ada, "abc", max_agents=1)
    made.start("a")
    made.print("a", "\x1b[32mok\x1b[0m one\n")
    return made


def title(page: Page) -> Locator:
    return page.locator("#drawer-title")


def test_it_goes_from_row_to_row_by_mouse_and_by_keyboard(visit: Open, there: Scene) -> None:
    page = visit(f"/runs/{there.run_id}/subtasks/a/")
    live(page)
    back, on = (page.get_by_role("button", name=name) for name in ("Previous row", "Next row"))
    expect(back).to_have_attribute("aria-disabled", "true")
    on.click()
    expect(title(page)).to_have_text("b")
    expect(on).to_be_focused()
    expect(page).to_have_url(re.compile(r"/subtasks/b/$"))
    expect(page.locator('#subtask-rows [aria-current="true"]')).to_have_attribute("data-key", "b")
    page.keyboard.press("]")
    expect(title(page)).to_have_text("c")
    expect(on).to_have_attribute("aria-disabled", "true")
    page.keyboard.press("]")
    page.keyboard.press("[")
    expect(title(page)).to_have_text("b")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_raw_is_kept_from_row_to_row_and_put_away_again(visit: Open, there: Scene, theme: str) -> None:
    page = visit(f"/runs/{there.run_id}/subtasks/a/?status=pending", color_scheme=theme)
    live(page)
    page.get_by_role("link", name="Raw").click()
    expect(page.locator(".output.is-raw")).to_contain_text('"status": "in_progress"')
    page.goto(f"/runs/{there.run_id}/subtasks/b/?status=pending&raw=1")
    page.get_by_role("button", name="Next row").click()
    expect(page.locator(".output.is-raw")).to_contain_text('"key": "c"')
    assert violations(page) == []
    page.get_by_role("link", name="Details").click()
    expect(page.locator(".output.is-raw")).to_have_count(0)
    expect(page).to_have_url(re.compile(r"/subtasks/c/\?status=pending$"))


def test_output_comes_while_one_looks(visit: Open, there: Scene) -> None:
    page = visit(f"/runs/{there.run_id}/subtasks/a/")
    live(page)
    output = page.get_by_role("region", name="Output of a")
    expect(output.locator(".green")).to_have_text("ok")
    there.print("a", "\x1b[31mtwo\x1b[0m\n")
    expect(output.locator(".red")).to_have_text("two")


def test_what_asks_is_answered_where_it_asks_while_the_page_goes_on(visit: Open, ada: User) -> None:
    agent = Outsider(ada)
    run = run_of(ada, {"key": "a"}, {"key": "b"})
    first = agent.take()
    agent.say("ask", first, question="Which branch?")
    page = visit(f"/runs/{run.pk}/events/")
    live(page)
    field = page.get_by_label("Words for a")
    field.fill("The one of")
    agent.say("ask", agent.take(), question="And which tag?")
    expect(page.locator(".asked", has_text="And which tag?")).to_be_visible()
    field.press_sequentially(" today")
    assert violations(page) == []
    page.get_by_role("group", name="Answer a").get_by_role("button", name="Send").click()
    expect(page.get_by_text("a is answered.")).to_be_visible()
    expect(field).to_have_count(0)
    expect(page).to_have_url(re.compile(r"/events/$"))
    [told] = agent.beat(first)["commands"]
    assert told["data"]["answer"] | {"by": ""} == {"approved": True, "text": "The one of today", "by": ""}
