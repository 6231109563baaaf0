"""What a person does before a run: split a todo, look at the plan, and run it so."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import expect

from runs.models import Run
from runs.orchestrating import orchestrator
from tests.e2e.conftest import Open, Watched
from tests.factories import keys, plant
from todos.models import Todo


@pytest.fixture
def orchestrated(transactional_db: None) -> Iterator[None]:
    """Runs are carried out, by the workers of this process."""
    orchestrator.start()
    yield
    orchestrator.stop()


@pytest.fixture
def there(ada: User) -> Todo:
    parts = [{"key": key, "content": f"Do {key}", "executor": {"name": "simulate", "seconds": 0.2}} for key in "abcd"]
    return plant(ada, "Review the code base", subtasks=parts)


def test_a_plan_is_looked_at_changed_and_run_so(visit: Open, there: Todo, watched: Watched, orchestrated: None) -> None:
    page = visit(f"/todos/{there.pk}/")
    expect(page.locator("#connection")).to_have_text(re.compile("live"))
    plan = page.locator("#todo-plan")
    plan.get_by_role("button", name="Plan it").click()
    expect(plan.locator(".answer")).to_contain_text("with 4 agents")
    expect(plan.locator(".gantt .bar")).to_have_count(4)
    watched.expected += ["422: "]
    plan.get_by_label("Agents", exact=True).evaluate("field => field.removeAttribute('max')")
    plan.get_by_label("Agents", exact=True).fill("5000")
    plan.get_by_role("button", name="Plan again").click()
    expect(plan.locator("#plan_max_agents-error")).to_be_visible()
    plan.get_by_label("Agents", exact=True).fill("2")
    plan.get_by_label("Strategy").select_option("parallel")
    plan.get_by_role("button", name="Plan it").click()
    expect(plan.locator(".answer")).to_contain_text("with 2 agents")
    expect(plan.locator(".gantt .bar")).to_have_count(4)
    assert not Run.objects.exists()
    plan.get_by_role("button", name="Run it so").click()
    expect(page).to_have_url(re.compile(r"/runs/\d+/$"))
    expect(page.locator('[data-counter="completed"]')).to_have_attribute("data-value", "4")
    run = Run.objects.get()
    assert (run.max_agents, run.strategy) == (2, "parallel")


def test_a_todo_is_split_by_files_looked_at_and_made(
    visit: Open, ada: User, watched: Watched, tmp_path: Path, settings: Any
) -> None:
    settings.WORKSPACE = tmp_path
    for name in ("a.py", "b.py", "notes.md"):
        (tmp_path / name).write_text("text\n")
    todo = plant(ada, "Review")
    page = visit(f"/todos/{todo.pk}/")
    expect(page.locator("#connection")).to_have_text(re.compile("live"))
    page.get_by_role("link", name="Decompose").click()
    page.get_by_label("Folder").fill("nowhere")
    page.get_by_label("Only these").fill("*.py")
    preview = page.locator("#split-preview")
    watched.expected += ["422: "]
    with page.expect_response(lambda answer: answer.status == 422):
        page.get_by_role("button", name="Preview").click()
    expect(page.locator("#field-folder-error")).to_be_visible()
    page.get_by_label("Folder").fill(".")
    page.get_by_role("button", name="Preview").click()
    expect(preview).to_contain_text("2 of 2, nothing is made yet")
    expect(preview.locator(".todo-row")).to_have_count(2)
    expect(page.locator("#field-folder-error")).to_have_count(0)
    assert not keys(todo)
    page.get_by_role("button", name="Make them").click()
    expect(page).to_have_url(re.compile(rf"/todos/{todo.pk}/$"))
    expect(page.locator(".todo-row[data-row]")).to_have_count(2)


def test_a_checklist_is_split_and_run_without_scripts(visit: Open, ada: User) -> None:
    todo = plant(ada, "Release")
    page = visit(f"/todos/{todo.pk}/", java_script_enabled=False)
    page.get_by_role("link", name="Decompose").click()
    page.get_by_role("link", name="checklist").click()
    page.get_by_role("textbox", name="Checklist").fill("- Build\n- Publish")
    page.get_by_role("button", name="Preview").click()
    page.get_by_role("button", name="Make them").click()
    expect(page.locator(".todo-row[data-row]")).to_have_count(2)
    page.get_by_role("button", name="Plan it").click()
    expect(page.get_by_role("heading", name="Plan of “Release”")).to_be_visible()
    expect(page.locator(".gantt .bar")).to_have_count(2)
