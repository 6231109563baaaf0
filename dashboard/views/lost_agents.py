"""Buttons on the card of a lost agent."""

from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.utils import timezone
from django.views.decorators.http import require_POST

from dashboard.sockets import frames
from dashboard.views.access import principal, refuse_viewers, viewer
from runs.external import agents
from runs.models import Agent
from runs.steering import lost
from todos.problems import Missing, Refused


@login_required
@require_POST
def retire(request: HttpRequest, agent_id: int) -> HttpResponse:
    return _do(request, agent_id, lost.retire, "is retired. Should it ask for work again, it is simply there.")


@login_required
@require_POST
def dismiss(request: HttpRequest, agent_id: int) -> HttpResponse:
    return _do(request, agent_id, lost.dismiss, "is dismissed, until it loses work again.")


def _do(request: HttpRequest, agent_id: int, act: Callable[..., Agent], said: str) -> HttpResponse:
    try:
        name = agents.get(principal(request), agent_id).name
        refuse_viewers(request)
        act(viewer(request), agent_id, by=f"user:{viewer(request)}")
    except Missing:
        raise Http404 from None
    except Refused as refused:
        return _answer(request, f"{refused.detail[:1].upper()}{refused.detail[1:]}. Nothing was changed.", "error")
    return _answer(request, f"{name} {said}", "success")


def _answer(request: HttpRequest, said: str, level: str) -> HttpResponse:
    """The overview as it stands now, in its place or anew, and what was done."""
    if not request.headers.get("HX-Request"):
        messages.add_message(request, messages.ERROR if level == "error" else messages.SUCCESS, said)
        return redirect("overview")
    toast = render_to_string("components/toast.html", {"text": said, "level": level}).strip()
    return HttpResponse(f"{frames.overview_frame(viewer(request), timezone.now())}{frames.toast(toast)}")
