from django.contrib.auth.models import User
from playwright.sync_api import expect

from tests.e2e.conftest import Open
from tests.scenes import scene


def test_agents_follow_what_happens_and_rows_open_by_keyboard(visit: Open, ada: User) -> None:
    run = scene(ada, "ab", max_agents=2)
    page = visit("/")
    page.keyboard.press("g")
    page.keyboard.press("a")
    expect(page.get_by_role("heading", name="Agents", level=1)).to_be_visible()
    expect(page.locator("#connection")).to_contain_text("live")
    run.start("a", agent="agent-1")
    row = page.locator("#agent-table [data-row]")
    expect(row).to_contain_text("busy")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("#subtask-drawer")).to_contain_text("Do a")
