"""Webhooks on the settings page: a new one shows its secret once; the list says how the last letter to each fared."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from dashboard.views.access import answer, refuse_viewers, viewer
from dashboard.views.settings import ask
from dashboard.views.settings import context as settings_context
from runs.api.webhooks import WebhookIn
from runs.letters import webhooks
from runs.models import Webhook
from todos.problems import Refused
from todos.rest.reading import read

PLACE = "#webhooks"


@login_required
@require_safe
@never_cache
def frame(request: HttpRequest) -> HttpResponse:
    """The list again: the page asks every five seconds."""
    refuse_viewers(request)
    return answer(request, "settings/webhook_list.html", settings_context(request))


@login_required
@require_POST
@never_cache
def make(request: HttpRequest) -> HttpResponse:
    """Shows the page with the secret of the new one in it. It is shown nowhere else, and gone with the page."""
    refuse_viewers(request)
    sent = {"url": request.POST.get("url", "").strip(), "events": request.POST.getlist("events")}
    shown: dict[str, Any]
    try:
        body = read(WebhookIn, sent)
        hook = webhooks.make(viewer(request), body.url, list(body.events))
        shown, status = {"hook_secret": hook.secret, "hook_new": hook}, 200
    except Refused as refused:
        shown, status = {"hook_errors": _errors(refused), "hook_sent": sent}, 422
    response = answer(request, "settings/page.html", settings_context(request) | shown)
    response.status_code = status
    return response


def _errors(refused: Refused) -> dict[str, str]:
    """What is wrong, by field; under "url" what is of none."""
    found: dict[str, str] = {}
    for one in refused.problems:
        name = one.pointer.split("/")[1] if one.pointer.count("/") else "url"
        found.setdefault("events" if name == "events" else "url", _WORDS.get(name, one.detail))
    return found or {"url": refused.detail}


_WORDS = {
    "url": "an address begins with http:// or https://, and has no blanks",
    "events": "tell it at least one thing",
}


@login_required
@require_POST
def act(request: HttpRequest, webhook: int, verb: str) -> HttpResponse:
    """Tries it out, pauses it, goes on."""
    hook = get_object_or_404(Webhook, pk=webhook, owner=viewer(request))
    refuse_viewers(request)
    try:
        messages.success(request, _VERBS[verb](hook))
    except Refused as refused:
        messages.error(request, f"{refused.detail[:1].upper()}{refused.detail[1:]}.")
    return redirect(reverse("settings") + PLACE)


def _try_out(hook: Webhook) -> str:
    webhooks.try_out(hook, timezone.now())
    return "A test is on its way: how it fared is shown beside the address."


def _pause(hook: Webhook) -> str:
    webhooks.pause(hook, timezone.now())
    return "Paused: nothing is sent to it."


def _resume(hook: Webhook) -> str:
    webhooks.resume(hook)
    return "Going on: what waited is sent now."


_VERBS = {"test": _try_out, "pause": _pause, "resume": _resume}


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, webhook: int) -> HttpResponse:
    """Asks first."""
    hook = get_object_or_404(Webhook, pk=webhook, owner=viewer(request))
    refuse_viewers(request)
    if request.method != "POST":
        fared = next((one for one in webhooks.fared(viewer(request)) if one.hook == hook), None)
        asked = {"hook": hook, "waiting": fared.waiting if fared else 0}
        return ask(request, "settings/confirm_delete.html", asked, PLACE)
    hook.delete()
    messages.success(request, "Deleted, with what it had not taken.")
    return redirect(reverse("settings") + PLACE)
