from django.contrib.auth.models import User
from playwright.sync_api import expect

from tests.e2e.conftest import Open
from tests.scenes import scene

FILE = {"kind": "file", "name": "src/**", "mode": "write", "amount": 1}


def test_resources_follow_who_holds_and_who_waits(visit: Open, ada: User) -> None:
    made = scene(ada, "abc", claims={key: [FILE] for key in "abc"}, max_agents=3)
    page = visit(f"/runs/{made.run_id}/resources/")
    expect(page.get_by_role("heading", name="Nothing is held now")).to_be_visible()
    made.start("a", "b", "c")
    waits = page.get_by_role("region", name="Who waits for whom, table")
    expect(waits.get_by_role("row")).to_have_count(3)
    expect(waits.get_by_role("row").last).to_contain_text("(agent-1)")
    page.get_by_role("region", name="Who holds what, table").get_by_role("link", name="a", exact=True).click()
    expect(page.locator("#subtask-drawer")).to_contain_text("Do a")
