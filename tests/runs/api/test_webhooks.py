from typing import Any

import pytest
from django.contrib.auth.models import User

from runs.models import Webhook
from tests.factories import Api, token_of

URL = "https://example.org/hook?x=1"


def test_a_webhook_is_made_shown_and_deleted(api: Api) -> None:
    made = api.post("webhooks/", {"url": URL, "events": ["run.ended"]})
    assert made.status_code == 201
    told = made.json()
    assert told["secret"].startswith("whsec_")
    shown = api.get(f"webhooks/{told['id']}/").json()
    assert "secret" not in shown
    assert (shown["url"], shown["events"], shown["waiting"], shown["error"]) == (URL, ["run.ended"], 0, None)
    assert api.get("webhooks/").json()["count"] == 1
    assert api.send("DELETE", f"webhooks/{told['id']}/").status_code == 204
    assert api.get(f"webhooks/{told['id']}/").status_code == 404


def test_all_events_are_told_unless_some_are_named(api: Api) -> None:
    assert api.post("webhooks/", {"url": URL}).json()["events"] == ["run.ended", "subtask.failed", "attention"]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/url"),
        ({"url": "ftp://example.org/"}, "/url"),
        ({"url": "https://user:pass@example.org/"}, "/url"),
        ({"url": "https://example.org/a b"}, "/url"),
        ({"url": "https://example.org/\n"}, "/url"),
        ({"url": URL, "events": []}, "/events"),
        ({"url": URL, "events": ["run.begun"]}, "/events/0"),
        ({"url": URL, "events": ["attention", "attention"]}, "/events"),
        ({"url": URL, "secret": "mine"}, "/secret"),
    ],
)
def test_what_is_wrong_is_named(api: Api, body: dict[str, Any], pointer: str) -> None:
    answer = api.post("webhooks/", body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert not Webhook.objects.exists()


def test_who_may_not_send_requests_may_not_have_them_sent(ada: User) -> None:
    answer = Api(token_of(ada)).post("webhooks/", {"url": URL})
    assert answer.status_code == 403
    assert answer.json()["errors"][0]["pointer"] == "/url"


def test_another_s_webhook_is_not_there(api: Api, eve: User) -> None:
    hers = Webhook.objects.create(owner=eve, url=URL, events=[], secret="whsec_AAAA")
    assert api.get(f"webhooks/{hers.pk}/").status_code == 404
    assert api.send("DELETE", f"webhooks/{hers.pk}/").status_code == 404
