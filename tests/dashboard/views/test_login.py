from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

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
