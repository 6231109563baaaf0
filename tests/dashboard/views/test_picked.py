"""Several subtasks at once, from their table: what is asked, what is done, and what is refused."""

import pytest
from django.contrib.auth.models import User
from django.contrib.messages import get_messages
from django.http.response import HttpResponseBase
from django.test import Client

from runs import actions
from runs.models import Run
from tests.scenes import Scene, scene

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


@pytest.fixture
def there(ada: User) -> Scene:
    """a is done, b under way, the rest waits: d and e for c."""
    made = scene(ada, "abcde", {"d": ["c"], "e": ["c"]}, max_agents=2)
    made.start("a", "b")
    made.complete("a")
    return made


def statuses(run: Run) -> str:
    return " ".join(run.subtasks.order_by("position").values_list("status", flat=True))


def said(response: HttpResponseBase) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]  # type: ignore[attr-defined]


def test_cancelling_says_what_becomes_of_each_before_it_does(browser: Client, there: Scene) -> None:
    asked = f"/runs/{there.run_id}/picked/cancel/?key=a&key=b&key=c&key=d"
    html = browser.get(asked, headers=HTMX).content.decode()
    assert "Cancel 4 subtasks?" in html
    assert "<b>2</b> not started" in html
    assert "<b>1</b> under way" in html
    assert "<b>1</b> ended already and stays as it is" in html
    assert "<b>1 other</b> that needs them will be skipped" in html
    assert statuses(there.run) == "completed in_progress pending pending pending"
    assert "<html" in browser.get(asked).content.decode()


def test_they_are_cancelled_together(browser: Client, there: Scene) -> None:
    sent = {"key": ["a", "c", "d"]}
    html = browser.post(f"/runs/{there.run_id}/picked/cancel/", sent, headers=HTMX).content.decode()
    assert "3 subtasks are being cancelled." in html
    assert statuses(there.run) == "completed in_progress cancelled cancelled skipped"


@pytest.mark.parametrize("keys", [[], ["a"], ["c", "nothing"]])
def test_what_cannot_be_cancelled_is_said_and_changes_nothing(browser: Client, there: Scene, keys: list[str]) -> None:
    response = browser.post(f"/runs/{there.run_id}/picked/cancel/", {"key": keys})
    assert said(response)[-1].endswith("Nothing was changed.")
    assert statuses(there.run) == "completed in_progress pending pending pending"


def test_a_new_run_does_those_that_were_picked_and_what_they_need(browser: Client, there: Scene) -> None:
    actions.cancel(there.run_id)
    there.lose("b")
    assert there.run.finished_at is not None
    html = browser.get(f"/runs/{there.run_id}/picked/retry/?key=d", headers=HTMX).content.decode()
    assert "Try 1 subtask again?" in html
    assert "<b>1</b> that it needs" in html
    assert "<b>1 subtask</b> completed is carried over with its result" in html
    response = browser.post(f"/runs/{there.run_id}/picked/retry/", {"key": ["d"]})
    again = Run.objects.latest("pk")
    assert response["Location"] == f"/runs/{again.pk}/"
    assert dict(again.subtasks.values_list("key", "status")) == {"a": "completed", "c": "pending", "d": "pending"}


def test_a_run_that_goes_on_is_not_tried_again(browser: Client, there: Scene) -> None:
    for ask in (browser.get, browser.post):
        response = ask(f"/runs/{there.run_id}/picked/retry/", {"key": ["d"]})
        assert "The run has not ended" in said(response)[-1]
    assert Run.objects.count() == 1


def test_only_whoever_may_change_a_run_can_pick(browser: Client, ada: User, there: Scene) -> None:
    here = f"/runs/{there.run_id}/subtasks/"
    assert 'id="pick"' in browser.get(here).content.decode()
    User.objects.filter(pk=ada.pk).update(is_staff=False)
    assert 'id="pick"' not in browser.get(here).content.decode()
    for path in ("cancel", "retry"):
        assert browser.post(f"/runs/{there.run_id}/picked/{path}/", {"key": ["c"]}).status_code == 403


def test_what_has_ended_is_not_asked_about(browser: Client, there: Scene) -> None:
    response = browser.get(f"/runs/{there.run_id}/subtasks/a/cancel/")
    assert said(response) == ["a is completed. There is nothing to cancel."]


@pytest.mark.parametrize("verb", ["cancel", "retry"])
def test_more_than_an_address_can_hold_is_asked_about_by_post(browser: Client, ada: User, verb: str) -> None:
    keys = [f"t{number}" for number in range(500)]
    there = scene(ada, keys)
    if verb == "retry":
        actions.cancel(there.run_id)
        with there.entry():
            pass
    before = there.run.last_seq
    html = browser.post(f"/runs/{there.run_id}/picked/{verb}/?ask=1", {"key": keys}, headers=HTMX).content.decode()
    assert "500 subtasks" in html
    assert there.run.last_seq == before
    assert Run.objects.count() == 1
