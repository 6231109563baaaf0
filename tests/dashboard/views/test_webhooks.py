"""Webhooks on the settings page: made with a secret that is shown once, tried out, paused, deleted."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from runs.letters import webhooks
from runs.models import Letter, Webhook
from tests.factories import person

pytestmark = pytest.mark.django_db
URL = "https://example.org/hook"


def made(ada: User, **values: Any) -> Webhook:
    hook = webhooks.make(ada.pk, URL, ["run.ended"])
    Webhook.objects.filter(pk=hook.pk).update(**values)
    hook.refresh_from_db()
    return hook


def shown(browser: Client) -> str:
    return browser.get("/settings/webhooks/frame/").content.decode()


def test_one_is_made_and_its_secret_shown_once(browser: Client, ada: User) -> None:
    answer = browser.post("/settings/webhooks/", {"url": URL, "events": ["run.ended", "attention"]})
    hook = Webhook.objects.get()
    assert (answer.status_code, hook.owner, hook.events) == (200, ada, ["run.ended", "attention"])
    assert hook.secret in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    page = browser.get("/settings/").content.decode()
    assert URL in page
    assert hook.secret not in page


@pytest.mark.parametrize(
    ("sent", "error"),
    [
        ({"url": "", "events": "attention"}, "hook-url-error"),
        ({"url": "ftp://example.org/", "events": "attention"}, "hook-url-error"),
        ({"url": "https://example.org/a b", "events": "attention"}, "hook-url-error"),
        ({"url": URL}, "hook-events-error"),
        ({"url": URL, "events": "run.begun"}, "hook-events-error"),
        ({"url": URL, "events": ["attention", "attention"]}, "hook-events-error"),
        ({"url": "https://example.org/\0", "events": "attention"}, "hook-url-error"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(browser: Client, sent: dict[str, Any], error: str) -> None:
    answer = browser.post("/settings/webhooks/", sent)
    assert (answer.status_code, Webhook.objects.count()) == (422, 0)
    assert f'id="{error}"' in answer.content.decode()


def test_there_is_an_end_to_how_many(browser: Client, ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "MOST", 1)
    made(ada)
    answer = browser.post("/settings/webhooks/", {"url": URL, "events": "attention"})
    assert (answer.status_code, Webhook.objects.count()) == (422, 1)
    assert "1 webhooks already" in answer.content.decode()


def test_a_test_is_a_letter_like_any_other(browser: Client, ada: User) -> None:
    hook = made(ada)
    answer = browser.post(f"/settings/webhooks/{hook.pk}/test/")
    assert (answer.status_code, answer["Location"]) == (302, "/settings/#webhooks")
    letter = Letter.objects.get()
    assert (letter.event, letter.next_at is not None) == ("test", True)
    assert letter.body.startswith('{"type": "test", "timestamp": "2')
    assert "+00:00" not in letter.body


def test_one_that_is_paused_is_sent_nothing_until_it_goes_on(browser: Client, ada: User) -> None:
    hook = made(ada)
    browser.post(f"/settings/webhooks/{hook.pk}/pause/")
    browser.post(f"/settings/webhooks/{hook.pk}/test/")
    assert Letter.objects.count() == 0
    assert "Paused" in shown(browser)
    browser.post(f"/settings/webhooks/{hook.pk}/resume/")
    browser.post(f"/settings/webhooks/{hook.pk}/test/")
    assert Letter.objects.count() == 1


def test_one_that_is_deleted_is_gone_with_what_it_had_not_taken(browser: Client, ada: User) -> None:
    hook = made(ada)
    webhooks.try_out(hook, timezone.now())
    browser.post(f"/settings/webhooks/{hook.pk}/delete/")
    assert (Webhook.objects.count(), Letter.objects.count()) == (0, 0)


@pytest.mark.parametrize(
    ("letter", "says"),
    [
        ({"taken": 5}, ["Taken", "run.ended"]),
        ({"error": "it answered 500", "waits": True}, ["Not taken", "it answered 500", "1 letter waiting"]),
        ({"error": "it answered 410"}, ["Not taken", "given up"]),
        ({"error": "<b>"}, ["&lt;b&gt;"]),
    ],
)
def test_how_the_last_letter_fared_is_shown(
    browser: Client, ada: User, letter: dict[str, Any], says: list[str]
) -> None:
    now = timezone.now()
    Letter.objects.create(
        webhook=made(ada),
        event="run.ended",
        body="{}",
        tries=1,
        error=letter.get("error", ""),
        taken_at=now - timedelta(seconds=letter["taken"]) if "taken" in letter else None,
        next_at=now if letter.get("waits") else None,
    )
    page = shown(browser)
    assert [words for words in says if words not in page] == []


def test_nobody_touches_those_of_others(browser: Client, ada: User) -> None:
    hers = made(person("eve"))
    for verb in ("test", "pause", "resume", "delete"):
        assert browser.post(f"/settings/webhooks/{hers.pk}/{verb}/").status_code == 404
    assert URL not in shown(browser)


def test_whoever_may_only_look_sees_none_and_makes_none(eves: Client) -> None:
    assert "webhook" not in eves.get("/settings/").content.decode()
    hook = made(person("eve"))
    assert eves.post("/settings/webhooks/", {"url": URL, "events": "attention"}).status_code == 403
    assert eves.post(f"/settings/webhooks/{hook.pk}/delete/").status_code == 403
    assert eves.get("/settings/webhooks/frame/").status_code == 403
