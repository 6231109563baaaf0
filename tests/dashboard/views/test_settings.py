"""The settings page: a token that is shown once, what to paste, and whether an agent was heard."""

import json
import re
import subprocess

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from runs import tokens
from runs.models import Resource, Token
from tests.factories import Api, token_of

pytestmark = pytest.mark.django_db


def made(browser: Client, name: str = "laptop") -> str:
    """The token that the page shows."""
    response = browser.post("/settings/token/", {"name": name})
    assert response.status_code == 200
    text: str = response.context["token"]
    assert f"export ABREAST_TOKEN={text}" in response.content.decode()
    return text


def test_a_token_is_made_on_the_page_and_shown_once(browser: Client, ada: User) -> None:
    text = made(browser)
    token = Token.objects.get()
    assert (token.scope, token.owner, token.digest) == ("agent", ada, tokens.digest(text))
    assert text not in browser.get("/settings/").content.decode()
    assert Api(text).get("runs/").status_code == 200


def test_the_answer_with_the_token_is_kept_nowhere(browser: Client) -> None:
    assert "no-store" in browser.post("/settings/token/", {"name": "laptop"})["Cache-Control"]


@pytest.mark.parametrize("name", ["", "  ", "x" * 201, "two\nlines", "nul\0"])
def test_a_token_needs_a_name(browser: Client, name: str) -> None:
    response = browser.post("/settings/token/", {"name": name})
    assert (response.status_code, Token.objects.count()) == (422, 0)
    assert 'id="token-error"' in response.content.decode()


def test_whoever_may_only_look_makes_none(eves: Client) -> None:
    assert "Make a token" not in eves.get("/settings/").content.decode()
    assert (eves.post("/settings/token/", {"name": "x"}).status_code, Token.objects.count()) == (403, 0)


def test_the_hooks_to_paste_are_settings_with_the_real_address(browser: Client) -> None:
    found = json.loads(browser.get("/settings/").context["code"]["hooks"])["hooks"]
    (hook,) = found["PostToolUse"][0]["hooks"]
    assert hook["url"] == "http://testserver/api/v1/hooks/claude-code/"
    assert hook["headers"] == {"Authorization": "Bearer $ABREAST_TOKEN"}
    assert {"SubagentStart", "SubagentStop", "SessionEnd", "Notification"} < set(found)


@pytest.mark.parametrize("name", ["reports", "todos"])
def test_the_commands_to_paste_are_well_formed(browser: Client, name: str) -> None:
    done = subprocess.run(["bash", "-n", "-c", browser.get("/settings/").context["code"][name]], check=True)
    assert done.returncode == 0


# ---- heard ----


def light(browser: Client, token: int | None = None) -> str:
    query = f"?token={token}" if token else ""
    return browser.get(f"/settings/frame/{query}").content.decode()


def test_the_light_listens_until_something_is_heard(browser: Client) -> None:
    api = Api(made(browser))
    assert "Listening" in light(browser)
    api.post("hooks/claude-code/", {"session_id": "0b3f8c1e-52d4", "hook_event_name": "SessionStart"})
    assert "Heard from it" in light(browser)
    assert "nothing to show yet" in light(browser)
    api.send("PUT", "todowrite/0b3f8c1e-52d4/", {"todos": [{"content": "A", "status": "pending"}]})
    assert "Todo list of 0b3f8c1e" in light(browser)


def test_an_application_that_reports_is_heard(browser: Client) -> None:
    Api(made(browser)).post("sessions/celery shop/reports/", {"content": "Celery: shop", "reports": [{"key": "a"}]})
    assert "Reports, session" in light(browser)
    assert "Celery: shop" in light(browser)


def test_what_counts_on_is_not_spoken_each_time(browser: Client) -> None:
    Api(made(browser)).get("runs/")
    spoken = re.search(r'role="status">(.*?)</span></span>', light(browser), re.DOTALL)
    assert spoken is not None and "Heard from it" in spoken[1] and "data-tick" not in spoken[1]


def test_any_use_of_a_token_is_heard(browser: Client) -> None:
    Api(made(browser)).get("runs/")
    assert "A program used its token" in light(browser)


def test_the_light_of_a_new_token_is_its_own(browser: Client, ada: User) -> None:
    Api(token_of(ada, "agent")).get("runs/")
    made(browser)
    assert "Listening" in light(browser, Token.objects.latest("pk").pk)
    assert "Heard" in light(browser)


def test_the_agents_of_somebody_else_are_not_heard(eves: Client, ada: User) -> None:
    Api(token_of(ada, "agent")).get("runs/")
    assert "Listening" in light(eves)
    assert "Listening" in light(eves, Token.objects.get().pk)


# ---- tokens, and what runs here ----


def test_tokens_are_listed_and_revoked_after_asking(browser: Client, ada: User) -> None:
    text = made(browser)
    token = Token.objects.get()
    html = browser.get("/settings/").content.decode()
    assert f'href="/settings/tokens/{token.pk}/revoke/"' in html
    assert "1 of 1, newest first" in html
    assert "Revoke “<bdi>laptop</bdi>”?" in browser.get(f"/settings/tokens/{token.pk}/revoke/").content.decode()
    assert Api(text).get("runs/").status_code == 200
    assert browser.post(f"/settings/tokens/{token.pk}/revoke/")["Location"] == "/settings/#tokens"
    assert Api(text, checked=False).get("runs/").status_code == 401
    assert "None yet" in browser.get("/settings/").content.decode()
    assert browser.post(f"/settings/tokens/{token.pk}/revoke/").status_code == 404


def test_nobody_revokes_the_token_of_somebody_else(browser: Client, eves: Client, eve: User) -> None:
    token_of(eve, "agent")
    token = Token.objects.get()
    assert browser.post(f"/settings/tokens/{token.pk}/revoke/").status_code == 404
    assert eves.post(f"/settings/tokens/{token.pk}/revoke/").status_code == 403  # she may only look
    assert "What runs here" not in eves.get("/settings/").content.decode()


@pytest.mark.parametrize(("mode", "says"), [("off", "Commands are switched off"), ("trusted", "without a sandbox")])
def test_how_commands_are_run_is_said_with_the_reason(
    browser: Client, settings: Settings, mode: str, says: str
) -> None:
    settings.SHELL = mode
    assert says in browser.get("/settings/").content.decode()


def test_limits_of_pools_are_shown_and_lead_to_where_they_are_set(browser: Client) -> None:
    Resource.objects.create(kind="pool", name="bash", capacity=7)
    html = browser.get("/settings/").content.decode()
    assert re.search(r"<td class=.grow.>bash</td><td class=.number.>[–\d]</td><td class=.number.>7</td>", html)
    assert "/admin/runs/resource/add/?kind=pool&amp;name=" in html
