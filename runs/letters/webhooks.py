"""Webhooks of somebody's: made, paused, tried out, and how the last letter to each fared."""

import base64
import json
import secrets
from dataclasses import dataclass
from datetime import datetime

from runs.letters.telling import timestamp
from runs.models import Letter, Webhook
from todos.problems import Conflict

MOST = 100
TEST = "test"


@dataclass(frozen=True, slots=True)
class Fared:
    """`latest`: the letter that was brought last, taken or not. `waiting`: letters that it has not taken yet."""

    hook: Webhook
    latest: Letter | None
    waiting: int


def make(owner_id: int, url: str, events: list[str]) -> Webhook:
    """Raises Conflict when the owner has as many as may be."""
    if Webhook.objects.filter(owner=owner_id).count() >= MOST:
        raise Conflict(f"there are {MOST} webhooks already", current=MOST)
    secret = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
    return Webhook.objects.create(owner_id=owner_id, url=url, events=events, secret=secret)


def pause(hook: Webhook, now: datetime) -> None:
    """What happens from now on is not told to it; what waits goes on waiting."""
    Webhook.objects.filter(pk=hook.pk, paused_at=None).update(paused_at=now)


def resume(hook: Webhook) -> None:
    Webhook.objects.filter(pk=hook.pk).update(paused_at=None)


def try_out(hook: Webhook, now: datetime) -> Letter:
    """A letter that tells nothing, brought like any other. Raises Conflict when it is paused."""
    if hook.paused_at is not None:
        raise Conflict("it is paused: nothing is sent", current="paused")
    body = json.dumps({"type": TEST, "timestamp": timestamp(now), "data": {}})
    return Letter.objects.create(webhook=hook, event=TEST, body=body, created_at=now, next_at=now)


def fared(owner_id: int) -> list[Fared]:
    """Of all of somebody's, the newest first."""
    found = []
    for hook in Webhook.objects.filter(owner=owner_id).order_by("-pk"):
        latest = hook.letters.exclude(tries=0).order_by("-pk").first()
        found.append(Fared(hook, latest, hook.letters.exclude(next_at=None).count()))
    return found
