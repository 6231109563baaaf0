from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.messages import get_messages
from django.test import Client

from dashboard.forms import proposals
from runs.making import decomposing
from tests.factories import Api, keys, plant, token_of
from todos.models import Todo

pytestmark = pytest.mark.django_db

IN_PAGE = {"HX-Request": "true", "HX-Target": "div#todo-split"}


@pytest.fixture
def there(ada: User) -> Todo:
    return plant(ada, "Review")


@pytest.fixture
def workspace(tmp_path: Path, settings: Any) -> Path:
    settings.WORKSPACE = tmp_path
    for name in ("a.py", "b.py", "c.md"):
        (tmp_path / name).write_text("text\n")
    return tmp_path


def preview(browser: Client, todo: Todo, strategy: str, **sent: str) -> Any:
    return browser.post(f"/todos/{todo.pk}/decompose/", {"strategy": strategy, "preview": "1", **sent})


def make(browser: Client, todo: Todo, name: str) -> Any:
    return browser.post(f"/todos/{todo.pk}/decompose/", {"strategy": "files", "make": name})


def below(todo: Todo) -> set[str]:
    return set(keys(todo))


@pytest.mark.parametrize(
    "strategy", ["files", "features", "layers", "phases", "modules", "codebase", "checklist", "command", "nonsense"]
)
def test_each_strategy_has_its_form(browser: Client, there: Todo, strategy: str) -> None:
    response = browser.get(f"/todos/{there.pk}/decompose/", {"strategy": strategy})
    assert response.status_code == 200
    assert response.context["form"].strategy == ("files" if strategy == "nonsense" else strategy)


def test_a_preview_says_what_rest_says_and_makes_nothing(
    browser: Client, ada: User, there: Todo, workspace: Path
) -> None:
    response = preview(browser, there, "files", include="*.py", changes="true", gitignore="on")
    options = {"include": ["*.py"], "changes": True}
    asked = Api(token_of(ada)).post(f"todos/{there.pk}/decompose/", {"strategy": "files", "options": options}).json()
    found = response.context["preview"]
    assert [row.key for row in found.rows] == [one["key"] for one in asked["subtasks"]]
    assert found.score == asked["parallelization_score"] == 1
    assert found.independent.shown == asked["independent"]
    assert found.found.files == asked["found"]["files"] == 2
    assert "2 of 2, nothing is made yet" in response.content.decode()
    assert below(there) == set()


def test_what_waits_and_what_is_shared_is_shown(browser: Client, there: Todo) -> None:
    features = '[{"name": "a", "files": ["x/**"]}, {"name": "b", "files": ["x/**"]}, "c"]'
    found = preview(browser, there, "features", features=features).context["preview"]
    assert (found.leaves, found.score, found.independent.shown) == (4, 0.25, ["c"])
    assert found.sequential.shown == ["a", "b", "qa"]
    assert found.shared.shown == ["file x/**"]


def test_what_was_shown_is_made_even_if_the_folder_has_changed(browser: Client, there: Todo, workspace: Path) -> None:
    shown = preview(browser, there, "files", include="*.py").context["preview"]
    (workspace / "d.py").write_text("new\n")
    response = make(browser, there, shown.name)
    assert response["Location"] == f"/todos/{there.pk}/"
    assert below(there) == {row.key for row in shown.rows} and len(shown.rows) == 2
    assert str(list(get_messages(response.wsgi_request))[-1]) == "Made: 2 subtasks."


def test_it_is_made_once(browser: Client, there: Todo) -> None:
    shown = preview(browser, there, "checklist", text="- a\n- b").context["preview"]
    make(browser, there, shown.name)
    response = make(browser, there, shown.name)
    assert response.status_code == 409
    assert "It was made already, or shown too long ago" in response.content.decode()
    assert below(there) == {"a", "b"}


def test_what_was_shown_for_another_todo_or_somebody_else_is_not_made(
    browser: Client, there: Todo, ada: User, eve: User
) -> None:
    name = preview(browser, there, "checklist", text="- a").context["preview"].name
    other = plant(ada, "Another")
    assert make(browser, other, name).status_code == 409
    eve.is_staff = True
    eve.save()
    hers, client = plant(eve, "Hers"), Client()
    client.force_login(eve)
    assert make(client, hers, name).status_code == 409
    assert below(there) == below(other) == below(hers) == set()


def test_what_was_shown_too_long_ago_is_not_made(browser: Client, there: Todo, monkeypatch: pytest.MonkeyPatch) -> None:
    name = preview(browser, there, "checklist", text="- a").context["preview"].name
    monkeypatch.setattr(proposals, "KEPT_FOR", timedelta(0))
    assert make(browser, there, name).status_code == 409
    assert below(there) == set()


def test_only_so_much_is_kept(browser: Client, there: Todo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proposals, "KEPT_SUBTASKS", 3)
    first = preview(browser, there, "checklist", text="- a\n- b").context["preview"].name
    second = preview(browser, there, "checklist", text="- c\n- d").context["preview"].name
    assert make(browser, there, first).status_code == 409
    assert make(browser, there, second).status_code == 302


def test_a_tree_that_has_changed_too_much_is_told(browser: Client, there: Todo, ada: User) -> None:
    name = preview(browser, there, "features", features='[{"name": "a"}]').context["preview"].name
    Api(token_of(ada)).post(f"todos/{there.pk}/subtasks/", {"key": "a", "content": "a"})
    response = make(browser, there, name)
    assert response.status_code == 409
    assert "The todo has changed meanwhile" in response.content.decode()
    assert below(there) == {"a"}


@pytest.mark.parametrize(
    ("strategy", "field", "text"),
    [
        ("files", "folder", "nowhere"),
        ("files", "folder", "../"),
        ("files", "batches", "0"),
        ("files", "batches", "many"),
        ("files", "work", "nonsense"),
        ("features", "features", ""),
        ("features", "features", "a\na"),
        ("phases", "phases", "alone"),
        ("codebase", "patterns", "("),
        ("checklist", "text", ""),
        ("command", "command", "echo rubbish"),
        ("command", "options", "{"),
        ("command", "timeout_seconds", "601"),
    ],
)
def test_a_wrong_option_is_told_at_its_field_and_kept(
    browser: Client, there: Todo, workspace: Path, strategy: str, field: str, text: str
) -> None:
    sent = {"command": "true"} if strategy == "command" and field != "command" else {}
    response = browser.post(
        f"/todos/{there.pk}/decompose/", {"strategy": strategy, "preview": "1", **sent, field: text}, headers=IN_PAGE
    )
    assert response.status_code == 422, response.context["form"]
    html = response.content.decode()
    assert html.lstrip().startswith('<div class="split is-even" id="todo-split">')
    form = response.context["form"]
    assert (form.fields[field].text, bool(form.fields[field].error)) == (text, True)
    assert below(there) == set()


def test_when_too_many_are_decomposed_it_says_so(browser: Client, there: Todo) -> None:
    for _ in range(decomposing.AT_ONCE):
        decomposing._places.acquire()
    try:
        response = preview(browser, there, "checklist", text="- a")
    finally:
        for _ in range(decomposing.AT_ONCE):
            decomposing._places.release()
    assert response.status_code == 503
    assert "4 todos are being decomposed already" in response.content.decode()


def test_whoever_may_only_look_decomposes_nothing(eve: User, eves: Client) -> None:
    todo = plant(eve, "Hers")
    assert eves.get(f"/todos/{todo.pk}/decompose/").status_code == 403
    assert preview(eves, todo, "checklist", text="- a").status_code == 403
    assert "Decompose" not in eves.get(f"/todos/{todo.pk}/").content.decode()
    assert below(todo) == set()


def test_what_the_text_holds_is_shown_as_text(browser: Client, there: Todo) -> None:
    html = preview(browser, there, "checklist", text="- <script>alert(1)</script>").content.decode()
    assert "<script>alert" not in html and "&lt;script&gt;alert" in html
