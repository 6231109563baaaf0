from datetime import timedelta

from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import expect

from tests.e2e.conftest import Open
from tests.e2e.test_accessible import violations
from tests.e2e.todo_page import live
from tests.scenes import scene
from tests.silent import lost_work


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


def test_who_is_idle_opens_by_keyboard_too(visit: Open, ada: User) -> None:
    run = scene(ada, "ab", max_agents=2)
    run.now = timezone.now() - timedelta(minutes=2)
    run.start("a", agent="agent-1")
    run.complete("a")
    run.start("b", agent="agent-2")
    page = visit("/agents/?status=idle")
    live(page)
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("#subtask-table")).to_contain_text("Do a")
    expect(page.locator("#subtask-table")).not_to_contain_text("Do b")


def test_a_lost_agent_is_dismissed_in_place(visit: Open, ada: User) -> None:
    lost_work(ada)
    page = visit("/")
    live(page)
    card = page.locator("#overview-waits .attention-card")
    expect(card).to_contain_text("impl-4 has been silent for 2 min")
    expect(page.locator("#nav-waits .count")).to_have_text("1")
    assert violations(page) == []
    card.get_by_role("button", name="Dismiss").click()
    expect(page.get_by_text("impl-4 is dismissed")).to_be_visible()
    expect(card).to_have_count(0)
    expect(page.locator("#nav-waits .count")).to_have_count(0)
