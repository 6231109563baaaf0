"""A question of an agent, answered in words on the overview while the page goes on living."""

from django.contrib.auth.models import User
from playwright.sync_api import expect

from runs import actions
from tests.e2e.conftest import Open
from tests.e2e.test_accessible import violations
from tests.e2e.todo_page import live
from tests.factories import plant
from tests.runs.api.outside import Outsider, run_of
from tests.scenes import Scene


def test_what_is_typed_reaches_the_agent(visit: Open, ada: User) -> None:
    agent = Outsider(ada)
    run = run_of(ada, {"key": "a"}, {"key": "b"})
    lease = agent.take()
    agent.say("ask", lease, question="Which branch?")
    page = visit("/")
    page.get_by_role("link", name="Answer a…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Which branch?")
    dialog.get_by_label("Your answer").fill("The one of")
    agent.beat(lease, progress=0.5)  # the page below moves on
    dialog.get_by_label("Your answer").press_sequentially(" today")
    assert violations(page) == []
    dialog.get_by_role("button", name="Send the answer").click()
    expect(page).to_have_url(f"{page.url.split('/runs')[0]}/runs/{run.pk}/")
    expect(page.get_by_text("a is answered.")).to_be_visible()
    [told] = agent.beat(lease)["commands"]
    assert told["data"]["answer"]["text"] == "The one of today"


def test_an_approval_is_given_without_leaving_the_overview(visit: Open, ada: User) -> None:
    ask = {"key": "ok", "content": "Ask", "executor": {"name": "approval", "question": "Ship it?"}}
    run = actions.start(plant(ada, subtasks=[ask]), actions.Options())
    there = Scene(run, run.updated_at)
    with there.entry():
        pass
    page = visit("/")
    live(page)
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("ok is approved.")).to_be_visible()
    expect(page.locator("#overview-waits")).to_contain_text("Nothing waits for you")
    expect(page.get_by_role("heading", name="Overview", level=1)).to_be_visible()
    assert there.subtask("ok").status == "completed"
