from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from django.utils.html import escape

from runs import tokens
from runs.models import LoginLink

SECRET = "not-much-of-a-secret"


@pytest.fixture
def link(ada: User) -> LoginLink:
    expires = timezone.now() + timedelta(minutes=10)
    return LoginLink.objects.create(user=ada, digest=tokens.digest(SECRET), expires_at=expires)


def test_the_login_page_says_where_the_link_is(db: None) -> None:
    response = Client().get("/login/")
    assert response.status_code == 200
    assert "manage.py login_link" in response.content.decode()


def test_looking_at_the_link_does_not_use_it_up(link: LoginLink) -> None:
    client = Client()
    for _ in range(2):
        assert "Sign in" in client.get(f"/login/{SECRET}/").content.decode()
    link.refresh_from_db()
    assert link.used_at is None
    assert "_auth_user_id" not in client.session


def test_pressing_the_button_signs_in_and_leads_to_the_overview(link: LoginLink) -> None:
    client = Client()
    response = client.post(f"/login/{SECRET}/")
    assert (response.status_code, response["Location"]) == (302, "/")
    assert client.get("/").status_code == 200


# ---- back to what was asked for ----


@pytest.mark.parametrize(
    ("asked", "led_to"),
    [
        ("/runs/12/insight/?x=y&at=1.5", "/runs/12/insight/?x=y&at=1.5"),
        ("/runs/?q=%C3%A9t%C3%A9%3B,%22", "/runs/?q=%C3%A9t%C3%A9%3B,%22"),
        ("/todos/3/decompose/?strategy=files", "/todos/3/decompose/?strategy=files"),
        ("/runs/12/frame/?since=4", "/runs/12/"),
        ("/runs/12/pause/", "/runs/12/"),
        ("/admin/runs/run/?status__exact=failed", "/admin/runs/run/?status__exact=failed"),
    ],
)
def test_signing_in_leads_to_the_page_that_was_asked_for(link: LoginLink, asked: str, led_to: str) -> None:
    client = Client()
    told = client.get(asked, follow=True)
    assert f"<code>{escape(led_to)}</code>" in told.content.decode()
    assert client.post(f"/login/{SECRET}/")["Location"] == led_to


@pytest.mark.parametrize(
    "asked",
    [
        "//evil.example/",
        "///evil.example/",
        "https://evil.example/runs/",
        "https:evil.example",
        "http://testserver/runs/",
        "javascript:alert(1)",
        "\\\\evil.example",
        "/\\evil.example/",
        "\t//evil.example/",
        "/\t/evil.example/",
        "\n/runs/",
        "//[evil/",
        "runs/",
        "?next=/runs/",
        "",
        "/login/",
        "/logout/",
        "/api/v1/runs/",
        "/nothing/here/",
    ],
)
def test_nobody_is_led_out_of_here_nor_to_what_is_no_page(link: LoginLink, asked: str) -> None:
    client = Client()
    client.get("/login/", {"next": asked})
    assert client.post(f"/login/{SECRET}/")["Location"] == "/"


@pytest.mark.parametrize("asked", ["/admin/logout/", "/admin/login/"])
def test_nor_to_the_doors_of_the_admin(link: LoginLink, asked: str) -> None:
    client = Client()
    client.get("/login/", {"next": asked})
    assert client.post(f"/login/{SECRET}/")["Location"] == "/admin/"


@pytest.mark.parametrize("forged", ["//evil.example/", "https://evil.example/", "/logout/"])
def test_what_the_browser_kept_is_not_believed(link: LoginLink, forged: str) -> None:
    client = Client()
    client.cookies["abreast_next_80"] = forged
    assert client.post(f"/login/{SECRET}/")["Location"] == "/"


def test_it_is_kept_out_of_reach_of_scripts_and_of_other_pages_and_forgotten_when_used(link: LoginLink) -> None:
    client = Client()
    client.get("/runs/", follow=True)
    kept = client.cookies["abreast_next_80"]
    assert (kept["path"], kept["httponly"], kept["samesite"]) == ("/login/", True, "Strict")
    client.post(f"/login/{SECRET}/")
    assert client.cookies["abreast_next_80"].value == ""


def test_a_link_that_does_not_work_forgets_nothing(link: LoginLink) -> None:
    client = Client()
    client.get("/runs/", follow=True)
    assert client.post("/login/guessed/").status_code == 403
    assert client.post(f"/login/{SECRET}/")["Location"] == "/runs/"


def test_an_address_too_long_for_a_browser_to_keep_is_let_go(link: LoginLink) -> None:
    client = Client()
    client.get(f"/runs/?q={'long' * 600}", follow=True)
    assert client.post(f"/login/{SECRET}/")["Location"] == "/"


def test_a_page_that_is_open_is_told_and_stays_as_it_is(link: LoginLink) -> None:
    """What it asks for meanwhile is not what the person wants to come back to."""
    client = Client()
    client.get("/todos/", follow=True)
    for path in ("/runs/", "/settings/frame/"):
        told = client.get(path, headers={"HX-Request": "true"}, follow=True)
        assert (told.status_code, told["HX-Reswap"]) == (403, "none")
        assert "You are signed out" in told.content.decode()
        assert "<html" not in told.content.decode()
    assert client.post(f"/login/{SECRET}/")["Location"] == "/todos/"


def test_whoever_is_signed_in_already_is_brought_there_at_once(browser: Client) -> None:
    assert browser.get("/login/?next=/runs/%3Fq%3Dx")["Location"] == "/runs/?q=x"
    assert browser.get("/login/?next=//evil.example/")["Location"] == "/"


# ---- the link ----


def test_a_link_works_only_once(link: LoginLink) -> None:
    Client().post(f"/login/{SECRET}/")
    client = Client()
    response = client.post(f"/login/{SECRET}/")
    assert response.status_code == 403
    assert "does not work any more" in response.content.decode()
    assert "_auth_user_id" not in client.session


def test_a_link_that_is_too_old_is_refused(link: LoginLink) -> None:
    LoginLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert Client().post(f"/login/{SECRET}/").status_code == 403


def test_a_wrong_secret_is_refused(link: LoginLink) -> None:
    assert Client().post("/login/guessed/").status_code == 403


def test_the_button_needs_the_mark_of_the_page(link: LoginLink) -> None:
    response = Client(enforce_csrf_checks=True).post(f"/login/{SECRET}/")
    assert response.status_code == 403
    assert "open for too long" in response.content.decode()
    link.refresh_from_db()
    assert link.used_at is None


def test_the_session_is_kept_in_a_strict_cookie_that_scripts_cannot_read(link: LoginLink) -> None:
    client = Client()
    client.post(f"/login/{SECRET}/")
    cookie = next(cookie for name, cookie in client.cookies.items() if "session" in name)
    assert cookie["httponly"]
    assert cookie["samesite"] == "Strict"


def test_signing_out_needs_a_post_and_ends_the_session(browser: Client) -> None:
    assert browser.get("/logout/").status_code == 405
    assert browser.post("/logout/")["Location"] == "/login/"
    assert browser.get("/")["Location"] == "/login/?next=/"
