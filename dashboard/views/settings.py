"""Settings: connecting an agent, and telling others. A token is made on the page and shown once, with what to paste
beside it."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from dashboard.pages import here, settings_page, to_paste
from dashboard.views.access import answer, may_change, number, refuse_viewers, viewer
from runs import tokens
from runs.engine import letters
from runs.letters import webhooks
from runs.models import Scope, Token

HOOK_EVENTS = {
    letters.RUN_ENDED: "a run ends",
    letters.SUBTASK_FAILED: "a subtask fails for good",
    letters.ATTENTION: "something waits for a person",
}


@login_required
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    return answer(request, "settings/page.html", context(request))


@login_required
@require_safe
@never_cache
def heard(request: HttpRequest) -> HttpResponse:
    """Whether an agent was heard: the page asks again every three seconds."""
    return answer(request, "settings/heard.html", _heard(request, number(request, "token")))


@login_required
@require_POST
@never_cache
def make_token(request: HttpRequest) -> HttpResponse:
    """Shows the page with a new token in it. It is written nowhere else, and gone with the page."""
    refuse_viewers(request)
    name = request.POST.get("name", "").strip()
    if wrong := settings_page.wrong_name(name):
        response = answer(request, "settings/page.html", context(request) | {"error": wrong, "name": name})
        response.status_code = 422
        return response
    assert request.user.is_authenticated
    text = tokens.make(request.user, name, scope=Scope.AGENT)
    made = Token.objects.get(digest=tokens.digest(text))
    return answer(
        request,
        "settings/page.html",
        context(request, made.pk) | {"token": text, "export": to_paste.export(text), "name": name},
    )


def context(request: HttpRequest, token_id: int | None = None) -> dict[str, Any]:
    server = to_paste.server_of(request)
    code = {way.__name__: way(server) for way in to_paste.WAYS}
    about = {"section": "settings", "may_change": may_change(request), "code": code, "name": "laptop"}
    about |= {"hooks": webhooks.fared(viewer(request)), "hook_events": HOOK_EVENTS}
    about |= here.context(viewer(request), may_change=may_change(request))
    return _heard(request, token_id) | about


def ask(request: HttpRequest, question: str, asked: dict[str, Any], place: str) -> HttpResponse:
    """A question in the dialog, or on a page of its own, which leads back to this place of the settings."""
    if request.headers.get("HX-Request"):
        return render(request, question, asked)
    about = asked | {"question": question, "on": reverse("settings") + place, "section": "settings"}
    return render(request, "settings/asked.html", about)


def _heard(request: HttpRequest, token_id: int | None) -> dict[str, Any]:
    return {
        "heard": settings_page.last_heard(viewer(request), token_id),
        "token_id": token_id,
        "now": timezone.now(),
        "server": to_paste.server_of(request),
    }
