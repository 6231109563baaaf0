import re

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import expect

from tests.e2e.conftest import Open
from tests.scenes import Scene, scene


@pytest.fixture
def there(ada: User) -> Scene:
    made = scene(ada, "abcd", {"b": ["a"], "c": ["a"], "d": ["b", "c"]})
    made.start("a")
    return made


def test_the_graph_follows_what_happens(visit: Open, there: Scene) -> None:
    page = visit(f"/runs/{there.run_id}/graph/")
    node = page.get_by_role("link", name=re.compile("^a, "))
    expect(node).to_have_accessible_name("a, in progress, critical path")
    there.complete("a")
    there.start("b")
    expect(node).to_have_accessible_name("a, completed, critical path")
    expect(page.get_by_role("link", name="b, in progress")).to_be_visible()


def test_arrows_go_from_node_to_node_and_enter_opens_the_drawer(visit: Open, there: Scene) -> None:
    page = visit(f"/runs/{there.run_id}/graph/")
    page.keyboard.press("j")
    expect(page.get_by_role("link", name=re.compile("^a, "))).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("link", name=re.compile("^b, "))).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("link", name=re.compile("^c, "))).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("link", name=re.compile("^d, "))).to_be_focused()
    page.keyboard.press("ArrowRight")  # nothing is further to the right
    expect(page.get_by_role("link", name=re.compile("^d, "))).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#subtask-drawer")).to_contain_text("Do d")


def test_a_group_opens_by_keyboard_and_closes_again(visit: Open, ada: User) -> None:
    keys = [f"k{at}" for at in range(240)]
    large = scene(ada, keys, {key: [before] for before, key in zip(keys, keys[30:])})
    page = visit(f"/runs/{large.run_id}/graph/")
    expect(page.locator("a.node")).to_have_count(8)
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**open=0")
    expect(page.locator("a.node")).to_have_count(37)
    large.start("k3")
    expect(page.get_by_role("link", name="k3, in progress")).to_be_visible()
    page.get_by_role("link", name="Close the group depth 0").click()
    expect(page.locator("a.node")).to_have_count(8)
