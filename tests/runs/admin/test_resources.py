"""Limits in the admin are set as over REST; what is held can only be looked at."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from runs.claims import limits
from runs.models import Hold, Resource
from tests.factories import person
from tests.runs.admin.pages import queries_of
from tests.runs.factories import dump
from tests.scenes import Scene, scene

pytestmark = pytest.mark.django_db

PLACE = "/admin/runs/resource/"
SHARE = [{"kind": "database", "name": "main", "mode": "write", "amount": 6}]


@pytest.fixture
def browser(ada: User) -> Client:
    """Ada's, signed in."""
    client = Client()
    client.force_login(ada)
    return client


@pytest.fixture
def there(ada: User) -> Scene:
    """One at work; one that waits for its share."""
    found = scene(ada, "ab", claims={"a": SHARE, "b": SHARE}, max_agents=2)
    found.start("a", "b")
    return found


def test_a_limit_is_set_and_who_waits_is_looked_at_again(browser: Client, there: Scene) -> None:
    assert there.subtask("b").waits_for == "resource"
    response = browser.post(f"{PLACE}add/", {"kind": "database", "name": "main", "capacity": "12"})
    assert response.status_code == 302
    assert Resource.objects.get().capacity == 12
    assert there.subtask("b").waits_for == ""


def test_a_limit_is_changed_and_its_use_shown(browser: Client, there: Scene) -> None:
    found = Resource.objects.create(kind="database", name="main", capacity=7)
    page = browser.get(f"{PLACE}{found.pk}/change/").content.decode()
    assert [text in page for text in ("Available now", "Held by, attempts", "Waited for by, subtasks")] == [True] * 3
    assert browser.post(f"{PLACE}{found.pk}/change/", {"capacity": "20", "name": "other"}).status_code == 302
    found.refresh_from_db()
    assert (found.name, found.capacity) == ("main", 20)
    assert there.subtask("b").waits_for == ""


def test_a_pool_is_limited_and_let_loose_again(browser: Client) -> None:
    response = browser.post(f"{PLACE}add/", {"kind": "pool", "name": "bash/git", "capacity": "3"})
    assert response.status_code == 302
    assert limits.pools()["bash/git"] == 3
    browser.post(f"{PLACE}{Resource.objects.get().pk}/change/", {"capacity": ""})
    assert "bash/git" not in limits.pools()


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"kind": "database", "name": "main", "capacity": "0"}, "capacity"),
        ({"kind": "database", "name": "main", "capacity": str(2**31)}, "capacity"),
        ({"kind": "database", "name": "main", "capacity": "many"}, "capacity"),
        ({"kind": "database", "name": "main"}, "capacity"),
        ({"kind": "database", "name": "main", "per_second": "5"}, "per_second"),
        ({"kind": "api", "name": "forge", "per_second": "0"}, "per_second"),
        ({"kind": "api", "name": "forge", "per_second": "nan"}, "per_second"),
        ({"kind": "api", "name": "forge", "capacity": "5"}, "capacity"),
        ({"kind": "file", "name": "src", "capacity": "5"}, "kind"),
        ({"kind": "database", "name": "a\0b", "capacity": "5"}, "name"),
        ({"kind": "database", "name": "", "capacity": "5"}, "name"),
        ({"kind": "database", "name": "n" * 501, "capacity": "5"}, "name"),
        ({"kind": "pool", "name": "disk", "capacity": "5"}, "name"),
        ({"kind": "pool", "name": "web", "capacity": "0"}, "capacity"),
    ],
)
def test_a_limit_that_makes_no_sense_is_told_at_its_field(browser: Client, sent: dict[str, Any], field: str) -> None:
    response = browser.post(f"{PLACE}add/", sent)
    assert response.status_code == 200
    assert list(response.context["adminform"].form.errors) == [field]
    assert not Resource.objects.exists()


def test_one_that_is_there_is_not_made_twice(browser: Client) -> None:
    Resource.objects.create(kind="database", name="main", capacity=7)
    response = browser.post(f"{PLACE}add/", {"kind": "database", "name": "main", "capacity": "9"})
    assert response.context["adminform"].form.errors
    assert Resource.objects.get().capacity == 7


def test_a_limit_is_not_deleted(browser: Client) -> None:
    found = Resource.objects.create(kind="database", name="main", capacity=7)
    assert browser.post(f"{PLACE}{found.pk}/delete/", {"post": "yes"}).status_code == 403
    browser.post(PLACE, {"action": "delete_selected", "_selected_action": [found.pk], "post": "yes"})
    assert Resource.objects.exists()


def test_staff_who_may_only_view_set_nothing() -> None:
    viewer = person("vera")
    viewer.is_staff = True
    viewer.save()
    viewer.user_permissions.add(Permission.objects.get(codename="view_resource"))
    found, client = Resource.objects.create(kind="database", name="main", capacity=7), Client()
    client.force_login(viewer)
    assert client.get(f"{PLACE}{found.pk}/change/").status_code == 200
    assert client.post(f"{PLACE}{found.pk}/change/", {"capacity": "9"}).status_code == 403
    assert client.post(f"{PLACE}add/", {"kind": "api", "name": "x", "per_second": "1"}).status_code == 403
    assert Resource.objects.get().capacity == 7


def test_what_is_held_is_listed_and_cannot_be_changed(browser: Client, there: Scene) -> None:
    hold, before = Hold.objects.get(), dump()
    assert "main" in browser.get("/admin/runs/hold/").content.decode()
    assert browser.get(f"/admin/runs/hold/{hold.pk}/change/").status_code == 200
    for path in ("add/", f"{hold.pk}/change/", f"{hold.pk}/delete/"):
        assert browser.post(f"/admin/runs/hold/{path}", {"amount": "1", "post": "yes"}).status_code == 403
    assert dump() == before


def test_the_list_of_what_is_held_needs_as_many_queries_for_many(browser: Client, ada: User, there: Scene) -> None:
    few = queries_of(browser, "/admin/runs/hold/")
    for at in range(5):
        one = [{"kind": "file", "name": f"f{at}", "mode": "write", "amount": 1}]
        scene(ada, "a", claims={"a": one}).start("a")
    assert queries_of(browser, "/admin/runs/hold/") <= few
