"""The whole way of a person, once by mouse and once by keyboard alone: from a checklist to the file of a run."""

import re
from dataclasses import dataclass

import pytest
from playwright.sync_api import Locator, Page, expect

from runs.models import Run
from tests.e2e.conftest import Open
from tests.e2e.todo_page import live

CHECKLIST = "- Build (0.2 s)\n- Sign (90 s)\n- Publish (0.1 s)"
APPROVAL = '{"name": "approval", "question": "Ship it?"}'
MOST_TABS = 150


@dataclass
class Mouse:
    """A person who points at things, and types only text."""

    page: Page

    def press(self, what: Locator) -> None:
        what.click()

    def write(self, what: Locator, text: str) -> None:
        what.click()
        what.press("Control+a")
        self.page.keyboard.insert_text(text)

    def choose(self, what: Locator, option: str) -> None:
        what.select_option(option)

    def go(self, place: str) -> None:
        self.page.get_by_role("navigation", name="Main").get_by_role("link", name=re.compile(f"^{place}")).click()

    def ask_to_cancel(self, key: str) -> None:
        self.press(self.page.get_by_label(f"Pick {key}", exact=True))
        self.press(self.page.locator(".pick-bar").get_by_role("button", name="Cancel…"))

    def pick_first_two_runs(self) -> None:
        for at in (0, 1):
            self.press(self.page.locator("#run-table tbody .pick input").nth(at))


@dataclass
class Keyboard:
    """A person without a mouse: goes from one thing to the next with Tab, and presses Enter."""

    page: Page

    def reach(self, what: Locator) -> None:
        expect(what).to_be_visible()
        for _ in range(MOST_TABS):
            if what.evaluate("(element) => element === document.activeElement"):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"Tab does not lead to {what}")

    def press(self, what: Locator) -> None:
        self.reach(what)
        self.page.keyboard.press("Enter")

    def write(self, what: Locator, text: str) -> None:
        self.reach(what)
        self.page.keyboard.press("Control+a")
        self.page.keyboard.insert_text(text)

    def choose(self, what: Locator, option: str) -> None:
        self.reach(what)
        self.page.keyboard.type("a rehearsal" if option == "simulate" else option)

    def go(self, place: str) -> None:
        self.page.keyboard.press("g")
        self.page.keyboard.press(place[0].lower())

    def ask_to_cancel(self, key: str) -> None:
        row = self.page.locator(f'#subtask-rows [data-key="{key}"]')
        for _ in range(10):
            self.page.keyboard.press("j")
            if row.evaluate("(element) => element === document.activeElement"):
                break
        self.page.keyboard.press("x")

    def pick_first_two_runs(self) -> None:
        for key in ("j", "Space", "j", "Space"):
            self.page.keyboard.press(key)


Person = Mouse | Keyboard


def write_it_down(who: Person) -> None:
    """A todo from a checklist, with one more subtask from decomposing it, which asks a person."""
    page = who.page
    who.go("Todos")
    expect(page.get_by_role("heading", name="Nothing to do yet")).to_be_visible()
    who.press(page.get_by_role("link", name="New todo"))
    who.write(page.get_by_label("What is to be done"), "Ship it")
    who.write(page.get_by_label("Checklist"), CHECKLIST)
    who.choose(page.get_by_label("Who does them"), "simulate")
    who.press(page.get_by_role("button", name="Make it"))
    expect(page.get_by_role("heading", name="Ship it")).to_be_visible()
    live(page)
    who.press(page.get_by_role("link", name="Decompose"))
    who.press(page.get_by_role("navigation", name="Strategy").get_by_role("link", name="checklist"))
    who.write(page.get_by_role("textbox", name="Checklist"), "- Ask")
    who.press(page.get_by_role("button", name="Preview"))
    expect(page.locator("#split-preview .todo-row")).to_have_count(1)
    who.press(page.get_by_role("button", name=re.compile("^Make")))
    live(page)
    who.press(page.get_by_role("link", name="Ask", exact=True))
    dialog = page.get_by_role("dialog", name="Edit ask")
    who.write(dialog.get_by_label("Executor"), APPROVAL)
    who.press(dialog.get_by_role("button", name="Save"))
    expect(dialog).to_be_hidden()
    expect(page.locator('[data-key="ask"]')).to_contain_text("approval")


def plan_and_run(who: Person) -> None:
    page = who.page
    who.press(page.get_by_role("button", name="Plan it"))
    expect(page.locator("#todo-plan .answer")).to_contain_text("with 4 agents")
    who.press(page.get_by_role("button", name="Run", exact=True))
    expect(page).to_have_url(re.compile(r"/runs/\d+/$"))
    expect(page.locator('[data-counter="completed"]')).to_have_attribute("data-value", "2")


def answer_and_cancel_one(who: Person) -> None:
    page = who.page
    live(page)
    who.go("Overview")
    card = page.locator("#overview-waits .attention-card")
    expect(card.get_by_role("heading", name="Ship it?")).to_be_visible()
    live(page)
    who.press(card.get_by_role("button", name="Approve"))
    expect(page.get_by_text("ask is approved.")).to_be_visible()
    who.press(page.locator("#overview-running").get_by_role("link", name="Ship it"))
    expect(page).to_have_url(re.compile(r"/runs/\d+/$"))
    expect(page.locator('[data-counter="completed"]')).to_have_attribute("data-value", "3")
    live(page)
    who.press(page.get_by_role("navigation", name="Views of this run").get_by_role("link", name=re.compile("Subtasks")))
    expect(page).to_have_url(re.compile(r"/subtasks/$"))
    live(page)
    who.ask_to_cancel("sign")
    dialog = page.get_by_role("dialog", name=re.compile("^Cancel"))
    who.press(dialog.get_by_role("button", name=re.compile("^Cancel")))
    expect(page.locator("#connection")).to_have_text(re.compile("ended"))


def retry_and_compare(who: Person) -> None:
    """The second run has only what was cancelled left, and is cancelled too."""
    page = who.page
    who.press(page.get_by_role("button", name="Try again", exact=True))
    expect(page.get_by_text("This is a new run: 3 of 4 were carried over.")).to_be_visible()
    live(page)
    who.press(page.locator("#run-state").get_by_role("link", name="Cancel…"))
    who.press(page.get_by_role("button", name="Cancel the run"))
    expect(page.locator("#connection")).to_have_text(re.compile("ended"))
    who.go("Runs")
    expect(page.locator("#run-table [data-row]")).to_have_count(2)
    page.wait_for_load_state()
    who.pick_first_two_runs()
    who.press(page.get_by_role("button", name="Compare two"))
    expect(page.get_by_role("heading", name="Two runs beside each other")).to_be_visible()


def take_it_as_a_file(who: Person) -> None:
    page = who.page
    who.press(page.get_by_role("link", name=re.compile("^Run ")).first)
    with page.expect_download() as given:
        who.press(page.get_by_role("link", name="CSV"))
    assert given.value.path().read_text(encoding="utf-8-sig").count("\n") >= 5


@pytest.mark.parametrize("hands", [Mouse, Keyboard])
def test_a_person_goes_the_whole_way(visit: Open, orchestrated: None, hands: type[Person]) -> None:
    page = visit("/")
    live(page)
    who = hands(page)
    write_it_down(who)
    plan_and_run(who)
    answer_and_cancel_one(who)
    retry_and_compare(who)
    take_it_as_a_file(who)
    first, second = Run.objects.order_by("pk")
    assert (first.completed, first.cancelled, second.retry_of_id) == (3, 1, first.pk)
