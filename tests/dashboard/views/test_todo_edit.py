import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.dashboard.views.changing import entered, in_page
from tests.factories import keys
from todos import actions
from todos.models import Todo
from todos.principal import for_person
from todos.wire.inputs import TodoChanges

pytestmark = pytest.mark.django_db


def test_a_form_that_is_sent_as_it_came_changes_nothing(browser: Client, there: Todo) -> None:
    for todo in (there, *keys(there).values()):
        before = Todo.objects.values().get(pk=todo.pk)
        response = browser.post(f"/todos/{todo.pk}/edit/", entered(browser, todo))
        assert response.status_code == 302
        assert Todo.objects.values().get(pk=todo.pk) == before


def test_a_check_is_entered_stored_and_shown(browser: Client, there: Todo) -> None:
    todo = keys(there)["a"]
    form = browser.get(f"/todos/{todo.pk}/edit/").content.decode()
    assert form.index('name="executor"') < form.index('name="verify"') < form.index("<details")
    browser.post(f"/todos/{todo.pk}/edit/", entered(browser, todo, verify='{"name": "shell", "command": "<b>"}'))
    todo.refresh_from_db()
    assert todo.verify == {"name": "shell", "command": "<b>"}
    page = browser.get(f"/todos/{todo.pk}/").content.decode()
    assert "<dt>Executor</dt><dd><code>read path=x</code></dd>" in page
    assert "<dt>Checked by</dt><dd><code>shell command=&lt;b&gt;</code></dd>" in page


def test_a_check_that_is_no_executor_is_refused_at_its_field(browser: Client, there: Todo) -> None:
    todo = keys(there)["a"]
    response = browser.post(f"/todos/{todo.pk}/edit/", entered(browser, todo, verify='{"name": "approval"}'))
    assert response.context["form"].fields["verify"].error
    todo.refresh_from_db()
    assert todo.verify is None


def test_when_it_starts_and_what_becomes_of_results_are_chosen_here(browser: Client, there: Todo) -> None:
    todo = keys(there)["a"]
    browser.post(f"/todos/{todo.pk}/edit/", entered(browser, todo, when="always", aggregate='{"kind": "merge"}'))
    todo.refresh_from_db()
    assert (todo.when, (todo.aggregate or {})["kind"]) == ("always", "merge")
    form = browser.get(f"/todos/{todo.pk}/edit/").context["form"]
    assert form.fields["when"].text == "always"
    assert '"kind": "merge"' in form.fields["aggregate"].text
    browser.post(f"/todos/{todo.pk}/edit/", entered(browser, todo, when="success", aggregate=""))
    todo.refresh_from_db()
    assert (todo.when, todo.aggregate) == ("success", None)


def test_fields_are_stored_as_they_were_entered(browser: Client, there: Todo) -> None:
    todo = keys(there)["a"]
    sent = entered(
        browser,
        todo,
        content="One\r\ntwo",
        priority="1",
        status="completed",
        estimated_seconds="",
        executor='{"name": "simulate", "seconds": 2}',
        lane="execute",
        timeout_seconds="12.5",
        max_retries="3",
        assigned_agent="impl-1",
        resources='[{"kind": "file", "name": "src/*"}]',
        rollback="",
    )
    del sent["parallelizable"]
    response = browser.post(f"/todos/{todo.pk}/edit/", sent | {"on": f"/todos/{there.pk}/?open=b"})
    assert response["Location"] == f"/todos/{there.pk}/?open=b"
    todo.refresh_from_db()
    assert (todo.content, todo.priority, todo.status, todo.estimated_seconds) == ("One\ntwo", 1, "completed", None)
    assert todo.executor == {"name": "simulate", "seconds": 2}
    assert (todo.lane, todo.timeout_seconds, todo.max_retries) == ("execute", 12.5, 3)
    assert (todo.assigned_agent, todo.parallelizable) == ("impl-1", False)
    assert [(claim.name, claim.mode) for claim in todo.claims.all()] == [("src/*", "write")]
    there.refresh_from_db()
    assert there.counts["completed"] == 1


@pytest.mark.parametrize(
    ("field", "text", "detail"),
    [
        ("content", "  ", "must not be blank"),
        ("content", "a\0b", "must not hold NUL"),
        ("priority", "9", "less than or equal to 5"),
        ("priority", "", "valid integer"),
        ("status", "nonsense", "'pending'"),
        ("estimated_seconds", "-1", "greater than or equal to 0"),
        ("estimated_seconds", "nan", "less than or equal to"),
        ("estimated_seconds", "soon", "valid number"),
        ("executor", '{"name": "shell"', "not JSON"),
        ("executor", '{"name": "shell"}', "command: this field is required"),
        ("executor", '{"name": "nonsense"}', "does not match any of the expected tags"),
        ("executor", "[" * 100, "nested more than 32 deep"),
        ("lane", "nonsense", "'query' or 'execute'"),
        ("when", "nonsense", "'success', 'always' or 'failed'"),
        ("aggregate", '{"kind": "nonsense"}', "does not match any of the expected tags"),
        ("aggregate", '{"kind": "vote", "threshold": 2}', "threshold: "),
        ("timeout_seconds", "0", "greater than 0"),
        ("max_retries", "99999999999999999999", "valid integer"),
        ("max_retries", "101", "less than or equal to 100"),
        ("complexity", "", "valid number"),
        ("resources", '[{"kind": "file"}]', "0/name: this field is required"),
        ("inputs", '{"x": {"from": "nobody"}}', "no subtask with the key 'nobody'"),
    ],
)
def test_a_wrong_field_is_told_where_it_is_and_keeps_its_text(
    browser: Client, there: Todo, field: str, text: str, detail: str
) -> None:
    todo = keys(there)["a"]
    before = Todo.objects.values().get(pk=todo.pk)
    response = browser.post(f"/todos/{todo.pk}/edit/", entered(browser, todo, **{field: text, "phase": "7"}))
    assert response.status_code == 422
    fields = response.context["form"].fields
    assert {name for name, one in fields.items() if one.error} == {field}
    assert detail in fields[field].error
    assert (fields[field].text, fields["phase"].text) == (text, "7")
    assert f'id="field-{field}-error"' in response.content.decode()
    assert Todo.objects.values().get(pk=todo.pk) == before


def test_what_somebody_else_changed_meanwhile_is_shown_before_it_is_overwritten(
    browser: Client, there: Todo, ada: User
) -> None:
    todo = keys(there)["a"]
    sent = entered(browser, todo, content="Mine")
    actions.edit(for_person(ada), todo, TodoChanges(content="Theirs", priority=1))
    response = browser.post(f"/todos/{todo.pk}/edit/", sent)
    assert response.status_code == 412
    form = response.context["form"]
    assert (form.fields["content"].text, form.fields["content"].now) == ("Mine", "Theirs")
    assert (form.fields["priority"].text, form.fields["priority"].now) == ("3", "1")
    assert form.fields["lane"].now is None
    assert "Somebody else has changed it" in response.content.decode()
    todo.refresh_from_db()
    assert todo.content == "Theirs"
    browser.post(f"/todos/{todo.pk}/edit/", sent | {"version": form.version})
    todo.refresh_from_db()
    assert todo.content == "Mine"


@pytest.mark.parametrize("version", ["", "0", "nonsense", "1" * 400])
def test_a_form_without_the_right_version_changes_nothing(browser: Client, there: Todo, version: str) -> None:
    todo = keys(there)["a"]
    response = browser.post(f"/todos/{todo.pk}/edit/", entered(browser, todo, content="x", version=version))
    assert response.status_code == 412
    todo.refresh_from_db()
    assert todo.content == "First"


def test_a_parent_has_no_status_of_its_own(browser: Client, there: Todo) -> None:
    assert "status" not in browser.get(f"/todos/{there.pk}/edit/").context["form"].fields
    browser.post(f"/todos/{there.pk}/edit/", entered(browser, there, status="failed", content="Renamed"))
    there.refresh_from_db()
    assert (there.status, there.content) == ("pending", "Renamed")


def test_in_the_page_an_edit_brings_the_new_state_and_closes_the_dialog(browser: Client, there: Todo) -> None:
    todo, here = keys(there)["b1"], f"/todos/{there.pk}/?open=b"
    asked = browser.get(f"/todos/{todo.pk}/edit/", headers=in_page(here)).content.decode()
    assert "<html" not in asked
    sent = entered(browser, todo, content="New words")
    html = browser.post(f"/todos/{todo.pk}/edit/", sent, headers=in_page(here)).content.decode()
    assert 'hx-target="#todo-tree"' in html
    assert "New words" in html
    assert 'hx-target="#dialog-content"' in html
    assert "Saved." in html
