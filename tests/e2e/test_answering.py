"""A question of an agent, answered in words on the overview while the page goes on living."""

from django.contrib.auth.models import User
from playwright.sync_api import expect

from tests.e2e.conftest import Open
from tests.e2e.test_accessible import violations
from tests.runs.api.outside import Outsider, run_of


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
