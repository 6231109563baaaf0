import re

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from dashboard.words import figures
from runs.models import Run, Subtask
from tests.e2e.conftest import Open
from tests.scenes import Scene, scene
from todos.models import Todo

TODO_PAGES = [
    "/todos/",
    "/todos/new/",
    "/todos/{todo}/",
    "/todos/{todo}/edit/",
    "/todos/{todo}/needs/",
    "/todos/{todo}/delete/",
    "/todos/{todo}/plan/",
    "/todos/{todo}/decompose/",
    "/todos/{todo}/decompose/?strategy=phases",
]
PAGES = [
    *TODO_PAGES,
    "/",
    "/runs/",
    "/agents/",
    "/insights/",
    "/insights/?compare={run},{run}",
    "/settings/",
    "/runs/{run}/insight/",
    "/runs/{run}/",
    "/runs/{run}/?as=table",
    "/runs/{run}/graph/",
    "/runs/{run}/graph/?as=table",
    "/runs/{run}/subtasks/",
    "/runs/{run}/events/",
    "/runs/{run}/resources/",
]
DRAWER = "/runs/{run}/subtasks/read.c/"


@pytest.fixture
def there(ada: User) -> Scene:
    """Three agents: `read.a` is done, `read.b` failed, `read.c` runs, the rest waits."""
    keys = [f"read.{letter}" for letter in "abcdef"]
    made = scene(ada, [*keys, "note"], {"note": ["read.c"]}, max_agents=3)
    made.start("read.a", agent="agent-1")
    made.start("read.b", agent="agent-2")
    made.start("read.c", agent="agent-3")
    made.print("read.c", "\x1b[32mok\x1b[0m first line\n")
    made.later(5)
    made.complete("read.a")
    made.fail("read.b", error="exit code 1")
    return made


def rows(page: Page) -> list[str]:
    return page.locator("#subtask-rows [data-row] td.key-cell").all_inner_texts()


# ---- every page ----


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("path", [*PAGES, DRAWER])
def test_every_page_loads_without_an_error_in_both_themes(visit: Open, there: Scene, path: str, theme: str) -> None:
    page = visit(path.format(run=there.run_id, todo=there.run.todo_id), color_scheme=theme)
    expect(page.locator("h1")).to_be_attached()
    expect(page.locator("body")).not_to_contain_text("undefined")


def test_the_empty_overview_moves_on_by_itself(visit: Open, ada: User) -> None:
    page = visit("/")
    expect(page.get_by_role("heading", name="Nothing runs yet")).to_be_visible()
    scene(ada, content="The first run")
    expect(page.get_by_role("link", name="The first run")).to_be_visible()


@pytest.mark.parametrize("path", [*PAGES, DRAWER])
def test_nothing_is_wider_than_a_phone(visit: Open, there: Scene, path: str) -> None:
    page = visit(path.format(run=there.run_id, todo=there.run.todo_id), viewport={"width": 390, "height": 844})
    page.locator("h1").wait_for(state="attached")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("width", [390, 1190, 1280, 1920])
def test_a_long_key_pushes_nothing_off_the_page(visit: Open, there: Scene, width: int) -> None:
    key = "imports.billing.invoices.line_items.tax_rates.".ljust(64, "x")
    Subtask.objects.filter(key="read.b").update(key=key)
    page = visit(f"/runs/{there.run_id}/subtasks/{key}/", viewport={"width": width, "height": 844})
    close = page.locator("#subtask-drawer").get_by_role("link", name="Close")
    expect(close).to_be_in_viewport(ratio=1)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    close.click()
    expect(page.locator("#subtask-drawer")).to_have_count(0)


def test_long_titles_above_a_todo_leave_room_for_the_badge(visit: Open, there: Scene) -> None:
    Todo.objects.filter(parent=None).update(content="Review the whole code base before the release")
    nested = Todo.objects.get(key="read.a")
    page = visit(f"/todos/{nested.pk}/", viewport={"width": 390, "height": 844})
    fits = "(way) => way.scrollWidth <= way.clientWidth"
    assert page.locator(".breadcrumb").evaluate(fits)


@pytest.mark.parametrize("width", [390, 1190, 1280, 1920])
def test_a_run_of_many_subtasks_stays_in_its_card(visit: Open, there: Scene, width: int) -> None:
    Run.objects.update(total=100_000, pending=62_000, completed=34_936, in_progress=64, max_agents=64)
    page = visit("/", viewport={"width": width, "height": 844})
    expect(page.locator(".run-card")).to_contain_text("of 100,000")
    sticks_out = """(card) => {
      const edge = card.getBoundingClientRect().right;
      const inside = [...card.querySelectorAll("*")];
      return inside.filter((one) => one.getBoundingClientRect().right > edge).map((one) => one.textContent);
    }"""
    assert page.locator(".run-card").evaluate(sticks_out) == []


def test_numbers_are_said_alike_by_the_server_and_in_the_browser(visit: Open, ada: User) -> None:
    page = visit("/")
    seconds = [0, 0.0004, 0.05, 0.0995, 0.5, 2.24, 9.94, 9.96, 12.5, 59.4, 59.96, 89.5, 600, 1199.6, 3599, 5400, 2e5]
    said = page.evaluate(
        """async (seconds) => {
          const forms = await import("/static/js/figures.js");
          const say = (form) => seconds.map((second) => forms[form](second));
          const names = ["duration", "precise", "passing", "rough", "ago"];
          return Object.fromEntries(names.map((form) => [form, say(form)]));
        }""",
        seconds,
    )
    for form, words in said.items():
        assert words == [getattr(figures, form)(second) for second in seconds], form
    shares = [0, 0.001, 0.005, 0.125, 0.444, 0.996, 1]
    found = page.evaluate(
        'async (shares) => { const {percent} = await import("/static/js/figures.js"); return shares.map(percent); }',
        shares,
    )
    assert found == [figures.percent(share) for share in shares]
    still = [(8, 14), (0.2, 14), (-2, 14), (0.05, 0.05), (-0.5, 0.05), (-2, 0.05), (1.4, 1.5)]
    found = page.evaluate(
        """async (still) => {
          const {left} = await import("/static/js/figures.js");
          return still.map((of) => left(...of));
        }""",
        still,
    )
    assert found == [figures.left(*of) for of in still]


# ---- the table and its drawer ----


def test_a_search_narrows_the_table_and_the_address(visit: Open, there: Scene) -> None:
    page = visit(f"/runs/{there.run_id}/subtasks/")
    assert rows(page) == ["read.c", "read.b", "read.d", "read.e", "read.f", "note", "read.a"]
    page.keyboard.press("/")
    page.keyboard.type("note")
    expect(page.locator("#subtask-rows [data-row]")).to_have_count(1)
    assert rows(page) == ["note"]
    expect(page).to_have_url(re.compile(r"\?q=note$"))
    expect(page.locator("#subtask-search")).to_be_focused()


def test_a_filter_shows_one_status(visit: Open, there: Scene) -> None:
    page = visit(f"/runs/{there.run_id}/subtasks/")
    page.get_by_role("link", name="failed 1").click()
    expect(page.locator("#subtask-rows [data-row]")).to_have_count(1)
    assert rows(page) == ["read.b"]
    expect(page).to_have_url(re.compile("status=failed"))


def test_the_drawer_opens_and_closes_by_keyboard(visit: Open, there: Scene) -> None:
    page = visit(f"/runs/{there.run_id}/subtasks/")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    drawer = page.locator("#subtask-drawer")
    expect(drawer).to_contain_text("exit code 1")
    expect(page).to_have_url(re.compile(r"/subtasks/read\.b/$"))
    row = page.locator('[data-row][data-key="read.b"]')
    expect(row).to_have_attribute("aria-current", "true")
    page.keyboard.press("Escape")
    expect(drawer).to_have_count(0)
    expect(page).to_have_url(re.compile(r"/subtasks/$"))
    expect(row).to_be_focused()


def test_output_is_followed_while_it_is_printed(visit: Open, there: Scene) -> None:
    page = visit(f"/runs/{there.run_id}/subtasks/read.c/")
    output = page.locator("pre.output")
    expect(output.locator(".green")).to_have_text("ok")
    there.print("read.c", "".join(f"line {at}\n" for at in range(100)))
    expect(output).to_contain_text("line 99")
    assert output.evaluate("(output) => output.scrollHeight - output.scrollTop - output.clientHeight < 4")


# ---- steering ----


def test_cancelling_asks_and_can_be_thought_better_of(visit: Open, there: Scene) -> None:
    page = visit(f"/runs/{there.run_id}/")
    page.keyboard.press("x")
    dialog = page.get_by_role("dialog", name="Cancel this run?")
    expect(dialog).to_contain_text("4 subtasks not started")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    assert there.run.cancelled == 0
    page.keyboard.press("x")
    page.get_by_role("button", name="Cancel the run").click()
    expect(page.locator("#run-notices")).to_contain_text("Being cancelled.")
    expect(dialog).to_be_hidden()
    assert there.run.cancelled == 4


def test_pausing_says_so_in_place(visit: Open, there: Scene) -> None:
    page = visit(f"/runs/{there.run_id}/")
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("#run-state .is-badge")).to_have_text("paused")
    expect(page.get_by_text("Paused. What is under way goes on.")).to_be_visible()
    page.get_by_role("button", name="Resume").click()
    expect(page.locator("#run-state .is-badge")).to_have_text("running")


# ---- the timeline, the proof, theme and keys ----


def test_attempts_can_be_picked_on_the_timeline_by_keyboard(visit: Open, there: Scene) -> None:
    page = visit(f"/runs/{there.run_id}/")
    canvas = page.locator("canvas")
    expect(canvas).to_have_attribute("aria-label", re.compile("3 agents .* 3 attempts, 1 under way, 1 went wrong"))
    canvas.focus()
    page.keyboard.press("j")
    expect(page.locator("#picked")).to_contain_text("read.a")
    page.keyboard.press("j")
    expect(page.locator("#picked")).to_contain_text("exit code 1")
    page.keyboard.press("Enter")
    expect(page.locator("#subtask-drawer")).to_contain_text("read.b")


def test_what_is_on_the_screen_can_be_proved(visit: Open, there: Scene) -> None:
    page = visit(f"/runs/{there.run_id}/")
    page.get_by_role("button", name="Prove it").click()
    expect(page.locator(".proof")).to_contain_text("Equal")
    page.locator(".proof").get_by_role("button", name="Close").click()
    Subtask.objects.filter(key="read.d").update(status="completed")
    page.get_by_role("button", name="Prove it").click()
    expect(page.locator(".proof")).to_contain_text("It differs where it is marked.")
    expect(page.locator(".proof tr.differs")).to_have_count(2)


def test_the_theme_is_kept_from_page_to_page(visit: Open, there: Scene) -> None:
    page = visit("/runs/")
    switch = page.get_by_role("button", name="Theme")
    switch.click()
    switch.click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.goto(f"/runs/{there.run_id}/")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_keys_lead_through_the_product_and_can_be_turned_off(visit: Open, there: Scene) -> None:
    page = visit("/")
    page.keyboard.press("g")
    page.keyboard.press("r")
    expect(page.get_by_role("heading", name="Runs")).to_be_visible()
    page.wait_for_load_state()
    page.keyboard.press("?")
    page.get_by_label("Keys of one letter work").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    expect(page.locator("#run-search")).not_to_be_focused()
