"""Webhooks over REST: who is told when a run ends, a subtask fails for good, or something waits for a person."""

from datetime import datetime
from typing import Annotated, Literal, get_args

from django.shortcuts import get_object_or_404
from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError
from rest_framework.request import Request
from typing_extensions import TypedDict

from runs.letters import webhooks
from runs.models import Webhook
from todos.plan.outline import Problem
from todos.principal import Principal
from todos.problems import Forbidden
from todos.rest.answers import closed
from todos.rest.endpoint import Endpoint
from todos.rest.operation import Operation
from todos.rest.pages import Page, PageQuery, page
from todos.rest.reading import Wire

EventWord = Literal["run.ended", "subtask.failed", "attention"]


def _once(words: list[str]) -> list[str]:
    if len(set(words)) < len(words):
        raise PydanticCustomError("twice", "each may be named once")
    return words


Url = Annotated[str, Field(max_length=2_000, pattern=r"^https?://[A-Za-z0-9.\[\]:_-]+(/[!-~]*)?$")]
Events = Annotated[list[EventWord], Field(min_length=1), AfterValidator(_once)]


class WebhookIn(Wire):
    url: Url
    events: Events = Field(default_factory=lambda: list(get_args(EventWord)))


@closed
class WebhookOut(TypedDict):
    """`waiting`: letters that it has not taken yet. `error`: why, of the last it was brought. `paused_at`: since when
    nothing is sent to it."""

    id: str
    url: str
    events: list[str]
    created_at: datetime
    last_taken_at: datetime | None
    waiting: int
    error: str | None
    paused_at: datetime | None


@closed
class NewWebhook(WebhookOut):
    """`secret` is shown this once."""

    secret: str


class WebhooksQuery(PageQuery):
    ordering: Literal["created_at", "-created_at"] = "-created_at"


ORDERINGS = {"created_at": ["pk"], "-created_at": ["-pk"]}


def out(hook: Webhook) -> WebhookOut:
    latest = hook.letters.exclude(tries=0).order_by("-pk").first()
    taken = hook.letters.exclude(taken_at=None).order_by("-taken_at").first()
    return {
        "id": str(hook.pk),
        "url": hook.url,
        "events": hook.events,
        "created_at": hook.created_at,
        "last_taken_at": taken.taken_at if taken else None,
        "waiting": hook.letters.exclude(next_at=None).count(),
        "error": (latest.error or None) if latest else None,
        "paused_at": hook.paused_at,
    }


def _refuse_harmless(principal: Principal) -> None:
    """To have this server send requests is what `http` subtasks need a permission for."""
    if "http" not in principal.executors:
        why = "needs the command permission"
        raise Forbidden(why, [Problem("/url", why)])


class Webhooks(Endpoint):
    """`GET|POST /webhooks/`"""

    @Operation({200: Page[WebhookOut]}, query=WebhooksQuery)
    def get(self, request: Request, query: WebhooksQuery) -> Page[WebhookOut]:
        rows = Webhook.objects.filter(owner=self.principal.owner_id)
        return page(request, rows, query, ORDERINGS, lambda found: [out(hook) for hook in found])

    @Operation({201: NewWebhook}, body=WebhookIn, refusals=(409,))
    def post(self, request: Request, body: WebhookIn) -> NewWebhook:
        _refuse_harmless(self.principal)
        hook = webhooks.make(self.principal.owner_id, body.url, list(body.events))
        return {**out(hook), "secret": hook.secret}


class OneWebhook(Endpoint):
    """`GET|DELETE /webhooks/{id}/`"""

    @Operation({200: WebhookOut}, version="")
    def get(self, request: Request, webhook: int) -> WebhookOut:
        return out(get_object_or_404(Webhook, pk=webhook, owner=self.principal.owner_id))

    @Operation({204: None})
    def delete(self, request: Request, webhook: int) -> None:
        get_object_or_404(Webhook, pk=webhook, owner=self.principal.owner_id).delete()
