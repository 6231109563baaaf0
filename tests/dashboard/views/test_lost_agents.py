import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from runs.models import Agent, Event
from runs.steering import lost
from tests.scenes import Scene
from tests.silent import NAME, lost_work

pytestmark = pytest.mark.django_db


@pytest.fixture
def there(ada: User) -> Scene:
    return lost_work(ada)


def impl() -> Agent:
    return Agent.objects.get(name=NAME)


def test_a_lost_agent_has_a_card_with_what_it_holds_up(browser: Client, there: Scene) -> None:
    html = browser.get("/").content.decode()
    assert f"<bdi>{NAME}</bdi> has been silent for" in html
    assert "holds up <b>2 subtasks</b>" in html
    assert "est. 20 s of work" in html
    assert f'formaction="/agents/{impl().pk}/retire/"' in html
    assert ", 1 waiting for you" in html


@pytest.mark.parametrize("verb", ["retire", "dismiss"])
def test_a_button_puts_it_away_and_the_log_says_who(browser: Client, there: Scene, ada: User, verb: str) -> None:
    response = browser.post(f"/agents/{impl().pk}/{verb}/")
    assert (response.status_code, response["Location"]) == (302, "/")
    html = browser.get("/").content.decode()
    assert "has been silent" not in html
    assert f"{NAME} is {'retired' if verb == 'retire' else 'dismissed'}" in html
    assert Event.objects.filter(kind__startswith="agent_", data__by=f"user:{ada.pk}").count() == 1


def test_in_place_it_answers_with_the_overview(browser: Client, there: Scene) -> None:
    response = browser.post(f"/agents/{impl().pk}/dismiss/", headers={"HX-Request": "true"})
    html = response.content.decode()
    assert 'hx-target="#overview-waits"' in html
    assert "impl-4 is dismissed" in html


def test_what_is_not_lost_is_refused_in_words(browser: Client, there: Scene) -> None:
    browser.post(f"/agents/{impl().pk}/retire/")
    html = browser.post(f"/agents/{impl().pk}/retire/", follow=True).content.decode()
    assert "This agent is not lost, or was put away before. Nothing was changed." in html


def test_nobody_else_and_nobody_who_may_only_look_puts_it_away(eves: Client, there: Scene, ada: User) -> None:
    assert eves.post(f"/agents/{impl().pk}/retire/").status_code == 404
    viewer = Client()
    User.objects.filter(pk=ada.pk).update(is_staff=False)
    viewer.force_login(User.objects.get(pk=ada.pk))
    assert viewer.post(f"/agents/{impl().pk}/retire/").status_code == 403
    assert viewer.get(f"/agents/{impl().pk}/retire/").status_code == 405
    assert lost.count(ada.pk, timezone.now()) == 1
