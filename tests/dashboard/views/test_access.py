"""Who may open what: every page of a run and of a todo, by everybody."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import URLPattern, get_resolver, reverse

from dashboard import urls
from dashboard.views import returning
from runs.models import Agent, Token, Webhook
from tests.factories import token_of
from tests.scenes import Scene, scene
from tests.silent import NAME, lost_work
from todos.models import Todo

pytestmark = pytest.mark.django_db

LOOKED_AT = [*urls.pages, *urls.parts]
PRESSED = [*urls.forms, *urls.buttons, *urls.changes]
PAGES = [pattern.name for pattern in LOOKED_AT if pattern.name]
BUTTONS = [pattern.name for pattern in PRESSED if pattern.name]
NOBODYS = (
    "overview",
    "overview-frame",
    "agents",
    "insights",
    "runs",
    "todos",
    "todo-new",
    "rehearse",
    "settings",
    "settings-frame",
    "settings-token",
    "webhooks-frame",
    "webhook-new",
    "runs-prove",
    "todos-prove",
    "insights-prove",
)  # each shows everybody what is theirs


@pytest.fixture
def there(ada: User) -> Scene:
    lost_work(ada)
    return scene(ada, "ab")


def address(name: str, there: Scene) -> str:
    """The address of a page or button by its name."""
    (pattern,) = (entry for entry in [*LOOKED_AT, *PRESSED] if entry.name == name)
    needed = set(pattern.pattern.converters)
    known = {"run_id": there.run_id, "key": "a", "todo_id": there.run.todo_id}
    if "webhook" in needed:
        known["webhook"] = Webhook.objects.create(owner_id=there.run.owner_id, url="https://example.org/").pk
    if "agent_id" in needed:
        known["agent_id"] = Agent.objects.get(name=NAME).pk
    if "token" in needed:
        token_of(there.run.owner)
        known["token"] = Token.objects.latest("pk").pk
    return reverse(name, kwargs={part: known[part] for part in needed})


@pytest.mark.parametrize("name", PAGES + BUTTONS)
def test_whoever_is_not_signed_in_is_sent_to_sign_in(name: str, there: Scene) -> None:
    path = address(name, there)
    for response in (Client().get(path), Client().post(path)):
        assert response.status_code == 302
        assert response["Location"] == f"/login/?next={path}"


def test_signing_in_leads_back_to_what_is_a_page_and_else_to_the_one_above(there: Scene, browser: Client) -> None:
    for name in PAGES + BUTTONS:
        path = address(name, there)
        back = returning.page_of(path, urls.places)
        assert path.startswith(back)
        assert b"<html" in browser.get(back, follow=True).content, name
        asked = browser.get(path, follow=True)
        assert (back == path) == (asked.status_code != 405 and b"<html" in asked.content), name


@pytest.mark.parametrize("name", [name for name in PAGES + BUTTONS if name not in NOBODYS])
def test_what_belongs_to_somebody_else_is_not_there(name: str, there: Scene, eves: Client) -> None:
    path = address(name, there)
    response = eves.post(path) if name in BUTTONS else eves.get(path)
    assert response.status_code == 404


@pytest.mark.parametrize("name", PAGES)
def test_every_page_opens_for_its_owner(name: str, there: Scene, browser: Client) -> None:
    assert browser.get(address(name, there)).status_code == 200


@pytest.mark.parametrize("name", PAGES)
def test_a_page_cannot_be_posted_to(name: str, there: Scene, browser: Client) -> None:
    assert browser.post(address(name, there)).status_code == 405


@pytest.mark.parametrize("name", BUTTONS)
def test_a_button_needs_the_mark_of_the_page(name: str, there: Scene, ada: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(ada)
    assert client.post(address(name, there)).status_code == 403
    assert there.run.status == "pending"


@pytest.mark.parametrize("name", BUTTONS)
def test_whoever_may_only_look_presses_in_vain(name: str, ada: User, eve: User, eves: Client) -> None:
    lost_work(eve)
    there = scene(eve, "ab")
    before = list(Todo.objects.values())
    assert eves.post(address(name, there)).status_code == 403
    assert list(Todo.objects.values()) == before
    assert (there.run.status, there.subtask("a").status) == ("pending", "pending")


@pytest.mark.parametrize(
    "path", ["/runs/999/", "/runs/0/", "/runs/99999999999999999999/", "/runs/1/subtasks/zzz/", "/todos/0/"]
)
def test_what_is_not_there_is_a_page_that_says_so(path: str, browser: Client) -> None:
    response = browser.get(path)
    assert response.status_code == 404
    assert "There is nothing here" in response.content.decode()


def test_every_page_of_this_project_is_known_here() -> None:
    """A page that is added beside these lists would escape the tests above."""
    known = {entry.name for entry in [*LOOKED_AT, *PRESSED, *urls.signing_in, *urls.machines] if hasattr(entry, "name")}
    direct = {entry.name for entry in get_resolver().url_patterns if isinstance(entry, URLPattern)}
    assert direct <= known
