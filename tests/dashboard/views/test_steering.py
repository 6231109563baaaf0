import pytest
from django.contrib.auth.models import User
from django.contrib.messages import get_messages
from django.http.response import HttpResponseBase
from django.test import Client

from runs.models import Run, Subtask
from tests.scenes import Scene, scene

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


@pytest.fixture
def there(ada: User) -> Scene:
    made = scene(ada, "abcd", {"d": ["b"]}, max_agents=2)
    made.start("a")
    return made


def said(response: HttpResponseBase) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]  # type: ignore[attr-defined]


def test_a_run_can_be_paused_and_go_on(browser: Client, there: Scene) -> None:
    response = browser.post(f"/runs/{there.run_id}/pause/")
    assert response["Location"] == f"/runs/{there.run_id}/"
    assert there.run.status == "paused"
    assert said(response) == ["Paused. What is under way goes on."]
    browser.post(f"/runs/{there.run_id}/resume/")
    assert there.run.status == "running"


def test_pressing_twice_changes_nothing_and_says_so(browser: Client, there: Scene) -> None:
    browser.post(f"/runs/{there.run_id}/pause/")
    seq = there.run.last_seq
    response = browser.post(f"/runs/{there.run_id}/pause/")
    assert there.run.last_seq == seq
    (message,) = said(response)[-1:]
    assert message.endswith("Nothing was changed.")


def test_in_the_page_a_button_brings_the_new_state_and_a_message(browser: Client, there: Scene) -> None:
    html = browser.post(f"/runs/{there.run_id}/pause/", headers=HTMX).content.decode()
    assert 'hx-target="#run-state"' in html
    assert "Resume" in html
    assert 'hx-target="#toasts" hx-swap="beforeend"' in html
    assert "Paused. What is under way goes on." in html
    assert 'hx-target="#dialog-content"' in html


def test_in_the_page_a_refusal_comes_as_a_message_that_stays(browser: Client, there: Scene) -> None:
    html = browser.post(f"/runs/{there.run_id}/resume/", headers=HTMX).content.decode()
    assert "toast is-error" in html
    assert "Nothing was changed." in html


def test_cancelling_asks_first_and_says_what_will_happen(browser: Client, there: Scene) -> None:
    dialog = browser.get(f"/runs/{there.run_id}/cancel/", headers=HTMX).content.decode()
    assert "<html" not in dialog
    assert "<b>3 subtasks</b> not started" in dialog
    assert "<b>1 subtask</b> under way" in dialog
    assert there.run.status == "running"
    page = browser.get(f"/runs/{there.run_id}/cancel/").content.decode()
    assert "<html" in page
    assert "Cancel the run" in page


def test_a_question_on_a_page_of_its_own_leads_back_without_script(browser: Client, there: Scene) -> None:
    run = f"/runs/{there.run_id}/"
    for asked, back in ((f"{run}cancel/", run), (f"{run}subtasks/b/cancel/", f"{run}subtasks/b/")):
        html = browser.get(asked).content.decode()
        assert f'<a class="button" href="{back}">Keep it' in html
        assert "data-closes aria" not in html.partition("<dialog")[0]


def test_a_run_that_has_ended_is_not_asked_about(browser: Client, there: Scene) -> None:
    there.fail("a")
    Run.objects.update(status="failed", finished_at=there.now)
    response = browser.get(f"/runs/{there.run_id}/cancel/")
    assert response["Location"] == f"/runs/{there.run_id}/"
    assert said(response) == ["The run has ended. There is nothing to cancel."]


def test_cancelling_stops_what_has_not_started(browser: Client, there: Scene) -> None:
    html = browser.post(f"/runs/{there.run_id}/cancel/", headers=HTMX).content.decode()
    assert there.run.cancelled == 3
    assert "Being cancelled." in html


def test_one_subtask_can_be_cancelled_alone(browser: Client, there: Scene) -> None:
    dialog = browser.get(f"/runs/{there.run_id}/subtasks/b/cancel/", headers=HTMX).content.decode()
    assert "<b>1 subtask</b> that needs it will be skipped" in dialog
    browser.post(f"/runs/{there.run_id}/subtasks/b/cancel/")
    assert (there.subtask("b").status, there.subtask("d").status) == ("cancelled", "skipped")
    assert there.subtask("c").status == "pending"


def test_trying_again_leads_to_the_new_run(browser: Client, ada: User) -> None:
    there = scene(ada, "ab", max_agents=2)
    there.start("a", "b")
    there.complete("a")
    there.fail("b")
    response = browser.post(f"/runs/{there.run_id}/retry/")
    again = Run.objects.get(retry_of=there.run_id)
    assert response["Location"] == f"/runs/{again.pk}/"
    assert said(response) == ["This is a new run: 1 of 2 were carried over."]


def test_a_run_under_way_cannot_be_tried_again(browser: Client, there: Scene) -> None:
    response = browser.post(f"/runs/{there.run_id}/retry/")
    assert response["Location"] == f"/runs/{there.run_id}/"
    assert Run.objects.count() == 1
    assert "Nothing was changed." in said(response)[0]


def test_the_baseline_is_measured_by_a_sequential_run(browser: Client, ada: User) -> None:
    there = scene(ada, "ab", max_agents=2)
    there.start("a", "b")
    there.complete("a", "b")
    page = browser.get(f"/runs/{there.run_id}/").content.decode()
    assert f'formaction="/runs/{there.run_id}/baseline/"' in page
    response = browser.post(f"/runs/{there.run_id}/baseline/")
    measuring = Run.objects.get(baseline_of=there.run_id)
    assert response["Location"] == f"/runs/{measuring.pk}/"
    assert (measuring.strategy, measuring.max_agents) == ("sequential", 1)
    assert "/baseline/" not in browser.get(f"/runs/{measuring.pk}/").content.decode()


def test_a_measured_baseline_is_what_the_page_says(browser: Client, ada: User) -> None:
    there = scene(ada, "ab", max_agents=2)
    there.start("a", "b")
    there.later(10)
    there.complete("a", "b")
    Run.objects.filter(pk=there.run_id).update(baseline_seconds=30.0)
    page = browser.get(f"/runs/{there.run_id}/").content.decode()
    assert "3.0x <small>measured</small>" in page
    assert "3.0x as fast as one after the other" in page


@pytest.fixture
def done(ada: User) -> Scene:
    """A run in which `a` and `b` are done and can be undone, and `c` cannot."""
    made = scene(ada, "abc", max_agents=3)
    Subtask.objects.exclude(key="c").update(rollback={"name": "simulate", "seconds": 0})
    made.start("a", "b", "c")
    for key in "abc":
        made.later(1)
        made.complete(key)
    return made


def test_rolling_back_asks_first_and_says_what_will_be_undone(browser: Client, done: Scene) -> None:
    assert f'href="/runs/{done.run_id}/rollback/"' in browser.get(f"/runs/{done.run_id}/").content.decode()
    dialog = browser.get(f"/runs/{done.run_id}/rollback/", headers=HTMX).content.decode()
    assert "<html" not in dialog
    assert "<b>2 subtasks</b> will be undone" in dialog
    assert '<span class="key">b</span>, <span class="key">a</span>.' in dialog
    assert "Leave it as it is" in browser.get(f"/runs/{done.run_id}/rollback/").content.decode()
    assert Run.objects.count() == 1


def test_rolling_back_leads_to_the_run_that_undoes_it(browser: Client, done: Scene) -> None:
    response = browser.post(f"/runs/{done.run_id}/rollback/")
    undo = Run.objects.get(rollback_of=done.run_id)
    assert (response["Location"], undo.total) == (f"/runs/{undo.pk}/", 2)
    assert said(response) == [f"This run undoes run {done.run_id}: what was completed last is undone first."]
    assert "/rollback/" not in browser.get(f"/runs/{done.run_id}/").content.decode()
    again = browser.post(f"/runs/{done.run_id}/rollback/")
    assert (again["Location"], Run.objects.count()) == (f"/runs/{done.run_id}/", 2)


def test_where_there_is_nothing_to_undo_nobody_is_asked(browser: Client, there: Scene) -> None:
    response = browser.get(f"/runs/{there.run_id}/rollback/")
    assert said(response) == ["There is nothing to undo. Nothing was changed."]
    assert "/rollback/" not in browser.get(f"/runs/{there.run_id}/").content.decode()


def test_looking_at_a_button_presses_nothing(browser: Client, there: Scene) -> None:
    for name in ("pause", "resume", "retry", "baseline"):
        assert browser.get(f"/runs/{there.run_id}/{name}/").status_code == 405
    assert there.run.status == "running"
