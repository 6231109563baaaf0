import json
import re
from typing import Any

import pytest
from django.contrib.admin import site
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from runs import admin, loop
from runs.api.authentication import tokens
from runs.models import Agent, Attempt, Hold, Resource, Run, Subtask, Token
from tests.factories import token_of
from tests.runs.making import Work, dump, work

HISTORY: tuple[Any, ...] = (Run, Subtask, Attempt, Agent, Token)


@pytest.fixture
def browser(ada: User) -> Client:
    """Ada's, signed in."""
    client = Client()
    client.force_login(ada)
    return client


@pytest.fixture
def made(ada: User) -> Work:
    """A run of two, the first done."""
    made = work({"a": {}, "b": {"needs": ["a"]}})
    go_on(made)
    made.do("a")
    return made


def go_on(made: Work) -> Work:
    """What follows from where it stands: it starts, or it closes."""
    with made.entry() as entry:
        loop.run_pass(entry, None)
    return made


def changelist(model: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def change(thing: Any, page: str = "change") -> str:
    """The address of a page about it."""
    return reverse(f"admin:{thing._meta.app_label}_{thing._meta.model_name}_{page}", args=[thing.pk])


def do(browser: Client, action: str, *things: Any, **more: str) -> Any:
    """Ticks them in their list and has the action done."""
    data = {"action": action, "_selected_action": [thing.pk for thing in things], **more}
    return browser.post(changelist(type(things[0])), data, follow=True)


def said(response: Any) -> list[str]:
    return [str(message) for message in response.context["messages"]]


# ---- who gets in ----


def test_whoever_is_not_signed_in_is_sent_to_the_login_page(made: Work) -> None:
    for path in (reverse("admin:index"), changelist(Run), change(made.run)):
        response = Client().get(path, follow=True)
        assert response.redirect_chain[-1][0].startswith("/login/?next=/admin/")


def test_a_person_who_is_no_staff_is_refused(eve: User, made: Work) -> None:
    client = Client()
    client.force_login(eve)
    for path in (reverse("admin:index"), changelist(Run), change(made.run), change(made.run, "events")):
        assert client.get(path, follow=True).status_code == 403


def test_there_is_no_password_to_guess(db: None) -> None:
    User.objects.create_superuser("ada", password="guessed")
    response = Client().post("/admin/login/", {"username": "ada", "password": "guessed"})
    assert response["Location"] == "/login/?next=/admin/"


# ---- looking ----


@pytest.mark.parametrize("model", HISTORY)
def test_each_list_and_each_page_of_the_history_opens(browser: Client, made: Work, model: Any) -> None:
    token_of(User.objects.get(username="ada"))
    assert browser.get(changelist(model)).status_code == 200
    assert browser.get(change(model.objects.first())).status_code == 200


def test_runs_are_found_by_their_words_and_by_their_day(browser: Client, made: Work) -> None:
    assert "1 result" in browser.get(changelist(Run), {"q": "code base"}).content.decode()
    assert "0 results" in browser.get(changelist(Run), {"q": "nothing"}).content.decode()
    day = {"created_at__year": 2100, "created_at__month": 1, "created_at__day": 1}
    assert "Review the code base" in browser.get(changelist(Run), day).content.decode()


def test_runs_are_filtered_by_status(browser: Client, made: Work) -> None:
    assert "1 run" in browser.get(changelist(Run), {"status__exact": "running"}).content.decode()
    assert "0 runs" in browser.get(changelist(Run), {"status__exact": "failed"}).content.decode()


def test_the_page_of_a_run_shows_its_subtasks_and_attempts(browser: Client, made: Work) -> None:
    page = browser.get(change(made.run)).content.decode()
    assert "2 of 2" in page and "1 of 1" in page
    assert change(made.subtask("a")) in page
    assert change(made.attempt("a")) in page
    assert f"{changelist(Subtask)}?run__id__exact={made.run_id}" in page


def test_a_long_run_shows_its_first_subtasks_only(browser: Client, ada: User) -> None:
    made = work({f"k{at}": {} for at in range(60)})
    page = browser.get(change(made.run)).content.decode()
    assert "50 of 60" in page
    assert page.count('class="field-key"') == 50


def test_the_page_of_a_run_needs_as_many_queries_for_fifty_as_for_two(browser: Client, ada: User) -> None:
    counted = []
    for size in (2, 49):
        made = work({f"k{at}": {} for at in range(size)})
        for at in range(size - 1):
            made.do(f"k{at}")
        counted.append(queries_of(browser, change(made.run)))
    assert counted[0] == counted[1] <= 16


def test_the_lists_need_as_many_queries_for_fifty_rows_as_for_two(browser: Client, ada: User) -> None:
    work({"a": {}, "b": {}})
    few = {model: queries_of(browser, changelist(model)) for model in HISTORY}
    for _ in range(12):
        made = work({key: {} for key in "abcd"})
        made.do("a")
        token_of(ada)
    many = {model: queries_of(browser, changelist(model)) for model in HISTORY}
    assert {model: many[model] - few[model] for model in HISTORY if many[model] > few[model]} == {}


def queries_of(browser: Client, path: str) -> int:
    """How many queries a page needs, once the process has seen it."""
    browser.get(path)
    with CaptureQueriesContext(connection) as found:
        assert browser.get(path).status_code == 200
    return len(found)


def test_events_are_shown_in_order_a_page_at_a_time(
    browser: Client, made: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admin, "EVENTS_A_PAGE", 3)
    first = browser.get(change(made.run, "events"))
    assert [event["seq"] for event in first.context["events"]] == [1, 2, 3]
    second = browser.get(change(made.run, "events"), {"after": first.context["next"]})
    assert [event["seq"] for event in second.context["events"]] == [4, 5, 6][: made.run.last_seq - 3]


@pytest.mark.parametrize("after", ["", "x", "-1", "²", "9" * 30, "1e9"])
def test_a_damaged_place_in_the_events_is_survived(browser: Client, made: Work, after: str) -> None:
    assert browser.get(change(made.run, "events"), {"after": after}).status_code == 200


def test_events_of_no_run_are_not_found(browser: Client) -> None:
    assert browser.get("/admin/runs/run/999/events/").status_code == 404


def test_digests_of_tokens_are_not_shown(browser: Client, ada: User) -> None:
    token_of(ada)
    token = Token.objects.get()
    for path in (changelist(Token), change(token)):
        assert token.digest not in browser.get(path).content.decode()


# ---- nothing can be written ----


def test_no_post_to_any_page_of_the_history_changes_a_row(browser: Client, made: Work) -> None:
    token_of(User.objects.get(username="ada"))
    before = dump()
    tokens_before = list(Token.objects.values())
    for model in HISTORY:
        thing = model.objects.first()
        filled = {field.name: "1" for field in model._meta.fields} | {"content": "changed", "status": "failed"}
        for path in (
            reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_add"),
            change(thing),
            change(thing, "delete"),
        ):
            assert browser.post(path, filled | {"post": "yes"}).status_code == 403, path
        browser.post(changelist(model), {"action": "delete_selected", "_selected_action": [thing.pk], "post": "yes"})
        browser.post(changelist(model), {"form-TOTAL_FORMS": "1", "form-0-status": "failed", "_save": "Save"})
        browser.post(change(thing, "history"), {"post": "yes"})
    browser.post(change(made.run, "events"), {"post": "yes"})
    assert dump() == before
    assert list(Token.objects.values()) == tokens_before


def test_every_model_of_ours_in_the_admin_is_history_but_limits(db: None) -> None:
    ours = {model for model in site._registry if model._meta.app_label == "runs"}
    assert ours - {Resource} == {*HISTORY, Hold}


def test_a_person_with_runs_cannot_be_deleted(browser: Client, ada: User, made: Work) -> None:
    response = browser.post(change(ada, "delete"), {"post": "yes"})
    assert response.status_code == 403
    assert User.objects.filter(pk=ada.pk).exists()


# ---- steering ----


def test_cancelling_asks_first(browser: Client, made: Work) -> None:
    response = do(browser, "cancel_runs", made.run)
    assert "Cancel 1 run" in response.content.decode()
    assert made.run.status == "running"


def test_cancelling_goes_through_the_action(browser: Client, made: Work) -> None:
    response = do(browser, "cancel_runs", made.run, sure="yes")
    assert said(response) == [f'Being cancelled: <a href="/runs/{made.run_id}/">Review the code base</a>']
    assert (go_on(made).run.status, made.status("b")) == ("cancelled", "cancelled")
    assert made.kinds()[-1] == "run_cancelled"
    assert LogEntry.objects.get().object_id == str(made.run_id)


def test_what_cannot_be_cancelled_is_said_and_stops_no_other(browser: Client, made: Work) -> None:
    ended = go_on(work({"c": {}}))
    ended.do("c")
    go_on(ended)
    response = do(browser, "cancel_runs", ended.run, made.run, sure="yes")
    assert "Review the code base: a run that is completed cannot be cancelled." in said(response)
    assert (ended.run.status, made.status("b")) == ("completed", "cancelled")


def test_trying_again_makes_a_new_run_and_leads_to_it(browser: Client, made: Work) -> None:
    do(browser, "cancel_runs", made.run, sure="yes")
    go_on(made)
    response = do(browser, "retry_runs", made.run)
    again = Run.objects.get(retry_of=made.run_id)
    assert said(response) == [f'Tried again as: <a href="/runs/{again.pk}/">Review the code base</a>']
    assert again.completed == 1


def test_a_run_that_goes_on_cannot_be_tried_again(browser: Client, made: Work) -> None:
    response = do(browser, "retry_runs", made.run)
    assert said(response) == ["Review the code base: the run has not ended."]
    assert Run.objects.count() == 1


def staff_who_may(*what: str) -> Client:
    """Ben's, signed in."""
    ben = User.objects.create(username="ben", is_staff=True)
    ben.user_permissions.add(*Permission.objects.filter(codename__in=what))
    client = Client()
    client.force_login(ben)
    return client


def test_staff_who_may_only_view_cannot_steer(ada: User, made: Work) -> None:
    bens = staff_who_may("view_run", "view_token")
    token_of(ada)
    for action, thing in (("cancel_runs", made.run), ("revoke", Token.objects.get())):
        do(bens, action, thing, sure="yes")
    assert made.status("b") == "pending"
    assert Token.objects.get().revoked_at is None


def test_staff_who_may_not_view_runs_find_no_events(made: Work) -> None:
    assert staff_who_may("view_agent").get(change(made.run, "events")).status_code == 404


def test_a_token_revoked_here_opens_nothing_any_more(browser: Client, ada: User) -> None:
    text = token_of(ada)
    assert tokens.principal(text) is not None
    response = do(browser, "revoke", Token.objects.get())
    assert said(response) == ["Revoked: 1. Nobody gets in with them any more."]
    assert tokens.principal(text) is None


# ---- taking out ----


def test_runs_are_exported_as_csv(browser: Client, made: Work) -> None:
    response = do(browser, "export_csv", made.run)
    assert response["Content-Disposition"] == 'attachment; filename="runs.csv"'
    header, *rows = response.content.decode().splitlines()
    assert header.startswith('"run","run_content","run_status"')
    assert [row.split(",")[5] for row in rows] == ['"a"', '"b"']


def test_runs_are_exported_as_json(browser: Client, made: Work) -> None:
    response = do(browser, "export_json", made.run)
    assert response["Content-Disposition"] == 'attachment; filename="runs.json"'
    (run,) = json.loads(response.content)["runs"]
    assert [subtask["key"] for subtask in run["subtasks"]] == ["a", "b"]


def test_more_than_a_file_holds_is_refused(browser: Client, made: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admin, "EXPORTED_AT_MOST", 1)
    assert said(do(browser, "export_csv", made.run)) == ["2 subtasks in these runs; a file has at most 1."]


# ---- it works under the policy of the other pages ----


def test_no_page_of_the_admin_has_anything_inline(browser: Client, made: Work) -> None:
    token_of(User.objects.get(username="ada"))
    pages = [reverse("admin:index"), change(made.run, "events")]
    for model in HISTORY:
        pages += [changelist(model), change(model.objects.first())]
    for path in pages:
        response = browser.get(path)
        page = response.content.decode()
        assert re.findall(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=", page) == [], path
        assert "default-src 'self'" in response["Content-Security-Policy"]
