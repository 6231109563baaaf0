"""A question of an agent, answered in words on the overview while the page goes on living."""

from django.contrib.auth.models import User
from playwright.sync_api import Page, Route, WebSocket, expect

from runs import actions
from tests.e2e.conftest import Open
from tests.e2e.test_accessible import violations
from tests.e2e.todo_page import live
from tests.factories import plant
from tests.runs.api.outside import Outsider, run_of
from tests.scenes import Scene


def test_what_is_typed_reaches_the_agent(visit: Open, ada: User) -> None:
    agent = Outsider(ada)
    run_of(ada, {"key": "a"}, {"key": "b"})
    lease = agent.take()
    agent.say("ask", lease, question="Which branch?")
    page = visit("/")
    live(page)
    field = page.get_by_label("Words for a")
    field.fill("The one of")
    agent.say("ask", agent.take(), question="And which tag?")  # the page moves on below the hands
    expect(page.locator(".attention-card")).to_have_count(2)
    field.press_sequentially(" today")
    assert violations(page) == []
    expect(page.get_by_role("button", name="Yes")).to_have_count(1)  # of the other question
    field.press("Control+Enter")
    expect(page.get_by_text("a is answered.")).to_be_visible()
    expect(page.locator(".attention-card")).to_have_count(1)
    expect(page.get_by_role("heading", name="Overview", level=1)).to_be_visible()
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


def test_a_rehearsal_leads_to_its_run_though_the_empty_page_would_move_on(visit: Open) -> None:
    sockets: list[WebSocket] = []

    def watch(page: Page) -> None:
        page.on("websocket", lambda socket: sockets.append(socket))

    page = visit("/", watch)
    live(page)

    def told_first(route: Route) -> None:
        """The page hears of the run before it is led to it."""
        with sockets[0].expect_event("framereceived", lambda frame: "run-card" in str(frame)):
            answer = route.fetch(max_redirects=0)
        route.fulfill(response=answer)

    page.route("**/rehearse/", told_first)
    page.get_by_role("button", name="Start a rehearsal").click()
    expect(page.get_by_role("heading", name="A release, rehearsed", level=1)).to_be_visible()
