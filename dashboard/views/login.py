"""Signing in by the link that the server prints, and signing out."""

from django.contrib.auth import login, logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from runs import tokens


@never_cache
@require_safe
def explain(request: HttpRequest) -> HttpResponse:
    """Says where the login link is."""
    if request.user.is_authenticated:
        return redirect("overview")
    return render(request, "login/explain.html", {"next": request.GET.get("next", "")})


@never_cache
def by_link(request: HttpRequest, secret: str) -> HttpResponse:
    """Shows one button; pressing it uses the link up. Merely looking at the link, as programs do, does not."""
    if request.method != "POST":
        return render(request, "login/button.html", {"secret": secret})
    user = tokens.redeem(secret, timezone.now())
    if user is None:
        return render(request, "login/used.html", status=403)
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    return redirect("overview")


@require_POST
def sign_out(request: HttpRequest) -> HttpResponseRedirect:
    logout(request)
    return redirect("login")
