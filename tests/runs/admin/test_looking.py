import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from runs import admin
from runs.models import Run, Subtask, Token
from tests.factories import token_of
from tests.runs.admin.pages import HISTORY, change, changelist, queries_of
from tests.runs.factories import Work, work
from todos.models import Todo

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


@pytest.mark.parametrize(("query", "kind"), [("?format=csv", "text/csv"), ("", "application/json")])
def test_the_page_of_a_run_offers_it_as_a_file(browser: Client, made: Work, query: str, kind: str) -> None:
    file = f"/api/v1/runs/{made.run.pk}/report/{query}"
    assert f'href="{file}" download' in browser.get(change(made.run)).content.decode()
    assert browser.get(file)["Content-Type"].startswith(kind)


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


def test_hidden_characters_are_spelled_out_but_not_in_what_is_sent_back(browser: Client, made: Work) -> None:
    Subtask.objects.filter(pk=made.run.subtasks.all()[0].pk).update(content="\u202egnp.exe")
    Todo.objects.update(content="pay\u200bpal")
    for path in (changelist(Subtask), change(made.run.subtasks.all()[0])):
        page = browser.get(path).content.decode()
        assert "⟨U+202E⟩gnp.exe" in page and "\u202e" not in page
    page = browser.get(change(Todo.objects.all()[0])).content.decode()
    assert ">\npay\u200bpal</textarea>" in page and "pay⟨U+200B⟩pal" in page
