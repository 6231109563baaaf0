"""What a person does with todos: write them, put them in order."""

import re

from django.contrib.auth.models import User
from playwright.sync_api import expect

from tests.e2e.conftest import Open, Watched
from tests.e2e.todo_page import CHECKLIST, in_order, live, refreshed_late, row
from tests.factories import keys
from todos import actions
from todos.models import Todo
from todos.principal import for_person
from todos.wire.inputs import TodoChanges


def test_a_checklist_is_previewed_and_made_into_a_tree(visit: Open) -> None:
    page = visit("/")
    live(page)
    page.keyboard.press("g")
    page.keyboard.press("t")
    expect(page.get_by_role("heading", name="Nothing to do yet")).to_be_visible()
    page.wait_for_load_state()
    page.keyboard.press("c")
    expect(page).to_have_url(re.compile("/todos/new/"))
    page.wait_for_load_state()
    page.get_by_label("Checklist").fill(CHECKLIST)
    preview = page.locator("#checklist-preview")
    expect(preview).to_contain_text("Ship it 5 subtasks, 1 completed")
    assert not Todo.objects.exists()
    page.get_by_role("button", name="Make it").click()
    expect(page.get_by_role("heading", name="Ship it")).to_be_visible()
    in_order(page, "write-the-notes", "build", "test", "unit-tests", "browser-tests", "publish")
    expect(page.locator("#todo-live")).to_contain_text("1 of 5 completed")


def test_a_wrong_line_of_a_checklist_is_named_while_it_is_typed(visit: Open, watched: Watched) -> None:
    page = visit("/todos/new/")
    page.get_by_label("Checklist").fill("\n".join(f"{'  ' * depth}- level {depth}" for depth in range(7)))
    expect(page.locator("#checklist-preview")).to_contain_text("Line 6: Nested more than 5 deep")
    watched.expected += ["422: "]
    page.get_by_label("What is to be done").fill("Deep")
    page.get_by_role("button", name="Make it").click()
    expect(page.locator("#text-error")).to_contain_text("Line 6")
    expect(page.get_by_label("What is to be done")).to_have_value("Deep")


def test_subtasks_are_added_one_after_the_other_and_below_each_other(visit: Open, there: Todo) -> None:
    page = visit(f"/todos/{there.pk}/")
    page.keyboard.press("c")
    for name in ("One", "Two"):
        page.keyboard.type(name)
        page.keyboard.press("Enter")
        expect(page.locator(f'[data-key="{name.lower()}"]')).to_be_visible()
        expect(page.locator("#new")).to_be_focused()
        expect(page.locator("#new")).to_have_value("")
    page.keyboard.press("Escape")
    row(page, "b")
    page.keyboard.press("a")
    expect(page.locator("#new")).to_be_focused()
    page.keyboard.type("Deep (5 min)")
    page.keyboard.press("Enter")
    expect(page.locator('[data-key="deep"]')).to_contain_text("~5 min")
    in_order(page, "a", "b", "deep", "c", "d", "one", "two")
    assert keys(there)["deep"].parent == keys(there)["b"]


def test_a_subtask_is_edited_and_what_is_wrong_is_said_in_place(visit: Open, there: Todo, watched: Watched) -> None:
    page = visit(f"/todos/{there.pk}/")
    row(page, "b")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Edit b")
    dialog.get_by_label("What is to be done").fill("Better words")
    dialog.get_by_label("Executor").fill('{"name": "shell"}')
    watched.expected += ["422: "]
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.locator("#field-executor-error")).to_have_text("Command: this field is required")
    expect(dialog.get_by_label("What is to be done")).to_have_value("Better words")
    expect(dialog.get_by_label("Executor")).to_be_focused()
    dialog.get_by_label("Executor").fill('{"name": "shell", "command": "true"}')
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_be_hidden()
    expect(page.locator('[data-key="b"]')).to_contain_text("Better words")
    expect(page.locator('[data-key="b"]')).to_contain_text("shell")


def test_somebody_elses_change_is_shown_before_it_is_overwritten(
    visit: Open, there: Todo, ada: User, watched: Watched
) -> None:
    page = visit(f"/todos/{there.pk}/")
    page.get_by_role("link", name="Do c").click()
    dialog = page.get_by_role("dialog", name="Edit c")
    dialog.get_by_label("What is to be done").fill("Mine")
    actions.edit(for_person(ada), keys(there)["c"], TodoChanges(content="Theirs"))
    watched.expected += ["412: "]
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_contain_text("Somebody else has changed it")
    expect(dialog).to_contain_text("Theirs")
    dialog.get_by_role("button", name="Save mine").click()
    expect(page.get_by_role("link", name="Mine")).to_be_visible()


def test_rows_are_moved_and_nested_by_keyboard(visit: Open, there: Todo) -> None:
    page = visit(f"/todos/{there.pk}/")
    row(page, "c")
    page.keyboard.press("Alt+ArrowUp")
    in_order(page, "a", "c", "b", "d")
    expect(page.locator('[data-key="c"]')).to_be_focused()
    page.keyboard.press("Alt+ArrowDown")
    in_order(page, "a", "b", "c", "d")
    page.keyboard.press("Alt+ArrowRight")
    expect(page.locator('[data-key="b"] .fold.is-open')).to_be_visible()
    expect(page.locator('[data-key="c"]')).to_be_focused()
    row(page, "b")
    page.keyboard.press("ArrowLeft")
    in_order(page, "a", "b", "d")
    page.keyboard.press("ArrowRight")
    in_order(page, "a", "b", "c", "d")
    row(page, "c")
    page.keyboard.press("Alt+ArrowLeft")
    expect(page.locator('[data-key="b"] .fold.is-open')).to_have_count(0)
    assert [one.position for one in Todo.objects.filter(parent=there).order_by("key")] == [0, 1, 2, 3]


def test_a_late_answer_does_not_take_back_what_was_asked_for_meanwhile(visit: Open, there: Todo) -> None:
    page = visit(f"/todos/{there.pk}/")
    live(page)
    row(page, "c")
    page.keyboard.press("Alt+ArrowRight")
    expect(page.locator('[data-key="b"] .fold.is-open')).to_be_visible()
    refreshes, late = refreshed_late(page)
    row(page, "b")
    page.keyboard.press("ArrowLeft")
    in_order(page, "a", "b", "d")
    with page.expect_request(refreshes):  # what it has let go, it asks for again
        late()
    in_order(page, "a", "b", "d")


def test_rows_are_dragged_among_their_siblings(visit: Open, there: Todo) -> None:
    page = visit(f"/todos/{there.pk}/")
    page.locator('[data-key="d"]').drag_to(page.locator('[data-key="b"]'))
    in_order(page, "a", "d", "b", "c")


def test_a_dependency_is_picked_and_a_cycle_refused_with_its_path(visit: Open, there: Todo, watched: Watched) -> None:
    page = visit(f"/todos/{there.pk}/")
    row(page, "b")
    page.keyboard.press("d")
    dialog = page.get_by_role("dialog", name="What b needs")
    dialog.get_by_role("searchbox").fill("do a")
    expect(dialog.get_by_role("checkbox")).to_have_count(1)
    dialog.get_by_role("checkbox", name="a Do a").check()
    dialog.get_by_role("button", name="Save").click()
    expect(page.locator('[data-key="b"] .needs')).to_have_text("needs a")
    row(page, "a")
    page.keyboard.press("d")
    dialog = page.get_by_role("dialog", name="What a needs")
    dialog.get_by_role("checkbox", name="b Do b").check()
    watched.expected += ["422: "]
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_role("alert")).to_have_text("A cycle: a → b → a")
    expect(dialog.get_by_role("checkbox", name="b Do b")).to_be_checked()
    assert not keys(there)["a"].needs.exists()


def test_deleting_asks_and_can_be_thought_better_of(visit: Open, there: Todo) -> None:
    page = visit(f"/todos/{there.pk}/")
    row(page, "b")
    page.keyboard.press("x")
    dialog = page.get_by_role("dialog", name="Delete b?")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    row(page, "b")
    page.keyboard.press("x")
    dialog.get_by_role("button", name="Delete").click()
    in_order(page, "a", "c", "d")


def test_a_search_finds_subtasks_and_changes_the_address(visit: Open, there: Todo) -> None:
    page = visit(f"/todos/{there.pk}/")
    page.keyboard.press("/")
    page.keyboard.type("do c")
    expect(page.locator(".todo-row[data-row]")).to_have_count(1)
    expect(page).to_have_url(re.compile(r"\?q=do\+c$"))
    expect(page.locator("#tree-search")).to_be_focused()
