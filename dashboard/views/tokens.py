"""Tokens on the settings page: revoked one by one, after asking."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from dashboard.pages import here
from dashboard.views.access import refuse_viewers, viewer
from dashboard.views.settings import ask
from runs.api.authentication import tokens


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def revoke(request: HttpRequest, token: int) -> HttpResponse:
    found = get_object_or_404(here.tokens(viewer(request)), pk=token)
    refuse_viewers(request)
    if request.method != "POST":
        return ask(request, "settings/confirm_revoke.html", {"revoked": found, "now": timezone.now()}, "#tokens")
    tokens.revoke(found, timezone.now())
    messages.success(request, f"The token {found.name} is revoked.")
    return redirect(reverse("settings") + "#tokens")
