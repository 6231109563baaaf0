"""What a person sees of the runs of a todo on its page; and the pages of todos without scripts."""

import os
import re
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from playwright.sync_api import expect

from runs import actions as run_actions
from runs.models import Run
from runs.orchestrating.mirror import Mirror
from tests.e2e.conftest import Open
from tests.e2e.todo_page import CHECKLIST, live
from tests.factories import plant
from tests.scenes import scene
from todos.models import Todo

# ---- runs ----


def test_a_person_runs_a_checklist_and_follows_it_to_the_last_counter(visit: Open, orchestrated: None) -> None:
    page = visit("/todos/new/")
    page.get_by_label("Checklist").fill(CHECKLIST)
    page.get_by_label("Who does them").select_option("simulate")
    page.get_by_role("button", name="Make it").click()
    live(page)
    page.get_by_label("Agents at most").fill("2")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page).to_have_url(re.compile(r"/runs/\d+/$"))
    expect(page.locator('[data-counter="total"]')).to_have_attribute("data-value", "5")
    expect(page.locator('[data-counter="completed"]')).to_have_attribute("data-value", "5")
    expect(page.get_by_text("Completed in")).to_be_visible()
    expect(page.locator("#connection")).to_have_text(re.compile("ended"))
    run = Run.objects.get()
    assert (run.status, run.completed, run.max_agents) == ("completed", 5, 2)
    todo = Todo.objects.get(parent=None)
    page.goto(f"/todos/{todo.pk}/")
    expect(page.locator("#todo-head .is-badge")).to_have_text("completed")
    expect(page.locator("#todo-runs")).to_contain_text("5 of 5")


def test_a_todo_follows_its_run_and_ends_with_it(
    visit: Open, ada: User, tmp_path: Path, settings: Any, orchestrated: None
) -> None:
    settings.WORKSPACE, settings.PYTHON_CALLS = tmp_path, ["tests.runs.executors.calling"]
    os.mkfifo(tmp_path / "gate")
    wait = {"name": "python", "call": "test.wait", "arguments": {"pipe": "gate"}}
    parts = [{"key": key, "content": key, "executor": {"name": "simulate", "seconds": 0.2}} for key in "ac"]
    todo = plant(ada, subtasks=[*parts, {"key": "b", "content": "b", "executor": wait}])
    page = visit(f"/todos/{todo.pk}/")
    live(page)
    run_actions.start(todo, run_actions.Options())
    expect(page.locator('[data-counter="completed"]')).to_have_attribute("data-value", "2")
    expect(page.locator('[data-key="a"] .is-completed')).to_be_visible()
    expect(page.locator('[data-key="b"] .is-in-progress')).to_be_visible()
    (tmp_path / "gate").write_text("open")
    expect(page.locator("#todo-head .is-badge")).to_have_text("completed")
    expect(page.locator("#todo-progress")).to_contain_text("3 of 3 completed")
    expect(page.get_by_role("button", name="Run again")).to_be_visible()


def test_what_reaches_the_todos_a_little_later_is_shown_too(visit: Open, ada: User) -> None:
    there = scene(ada, "ab")
    page = visit(f"/todos/{there.run.todo_id}/")
    live(page)
    with page.expect_response(re.compile(r"\?run=")):
        there.start("a")
    Mirror().show()
    expect(page.locator('[data-key="a"] .is-in-progress')).to_be_visible()


def test_the_list_follows_what_becomes_of_todos(visit: Open, ada: User) -> None:
    there = scene(ada, "ab", max_agents=2)
    page = visit("/todos/")
    live(page)
    expect(page.locator("#todo-rows")).to_contain_text("pending")
    there.start("a", "b")
    there.complete("a", "b")
    expect(page.locator("#todo-rows")).to_contain_text("2 of 2")
    expect(page.locator("#todo-rows tr .status").first).to_have_text("completed")


def test_what_is_being_written_is_not_taken_away(visit: Open, ada: User) -> None:
    there = scene(ada, "ab", max_agents=2)
    page = visit(f"/todos/{there.run.todo_id}/")
    live(page)
    page.locator("#new").fill("Half a th")
    there.start("a", "b")
    there.complete("a", "b")
    expect(page.locator('[data-counter="completed"]')).to_have_attribute("data-value", "2")
    expect(page.locator("#new")).to_have_value("Half a th")
    expect(page.locator("#todo-head .is-badge")).to_have_text("pending")
    page.locator("#new").fill("")
    page.locator("h1").click()
    expect(page.locator("#todo-head .is-badge")).to_have_text("completed")


# ---- without scripts ----


def test_everything_works_as_plain_forms_too(visit: Open, there: Todo) -> None:
    page = visit(f"/todos/{there.pk}/", java_script_enabled=False)
    page.get_by_label("New subtask of").fill("Plain")
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_role("link", name="Plain", exact=True)).to_be_visible()
    page.get_by_role("link", name="Plain", exact=True).click()
    page.get_by_role("button", name="Up").click()
    expect(page.locator(".todo-row[data-row] .key")).to_have_text(["a", "b", "c", "plain", "d"])
    page.get_by_role("link", name="Plain", exact=True).click()
    page.get_by_role("link", name="Needs…").click()
    page.get_by_role("checkbox", name="a Do a").check()
    page.get_by_role("button", name="Save").click()
    expect(page.locator('[data-key="plain"] .needs')).to_have_text("needs a")
    page.get_by_role("link", name="Plain", exact=True).click()
    page.get_by_role("link", name="Delete…").click()
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("link", name="Plain", exact=True)).to_have_count(0)
    page.get_by_role("button", name="Run").click()
    expect(page).to_have_url(re.compile(r"/runs/\d+/$"))
