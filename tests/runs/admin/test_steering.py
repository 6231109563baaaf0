import json

import pytest
from django.contrib.admin import site
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from runs import admin
from runs.api.authentication import tokens
from runs.models import Hold, Resource, Run, Subtask, Token
from tests.factories import token_of
from tests.runs.admin.pages import HISTORY, change, changelist, do, go_on, said
from tests.runs.factories import Work, dump, work

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


def test_rolling_back_asks_first_and_leads_to_the_run_that_undoes_it(browser: Client, made: Work) -> None:
    Subtask.objects.filter(key="a").update(rollback={"name": "simulate", "seconds": 0})
    do(browser, "cancel_runs", made.run, sure="yes")
    go_on(made)
    assert "Roll back 1 run" in do(browser, "rollback_runs", made.run).content.decode()
    assert Run.objects.count() == 1
    response = do(browser, "rollback_runs", made.run, sure="yes")
    undo = Run.objects.get(rollback_of=made.run_id)
    assert said(response) == [f'Rolled back by: <a href="/runs/{undo.pk}/">Review the code base</a>']


def test_a_run_with_nothing_to_undo_is_not_rolled_back(browser: Client, made: Work) -> None:
    response = do(browser, "rollback_runs", made.run, sure="yes")
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
