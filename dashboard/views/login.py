"""Signing in by the link that the server prints, and signing out."""

from collections.abc import Collection

from django.contrib.auth import login, logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from dashboard.views import returning
from runs import tokens


@never_cache
@require_safe
def explain(request: HttpRequest, places: Collection[str]) -> HttpResponse:
    """Says where the login link is, and keeps which page was asked for."""
    wanted = returning.page_of(request.GET.get("next", ""), places)
    if request.user.is_authenticated:
        return redirect(wanted)
    if request.headers.get("HX-Request"):
        # Asked by a page that is open: it stays as it is, with what was typed into it.
        response = render(request, "login/signed_out.html", status=403)
        response["HX-Reswap"] = "none"
        return response
    response = render(request, "login/explain.html", {"wanted": wanted})
    if "next" in request.GET:
        returning.remember(request, response, wanted)
    return response


@never_cache
def by_link(request: HttpRequest, secret: str, places: Collection[str]) -> HttpResponse:
    """Shows one button; pressing it uses the link up. Merely looking at the link, as programs do, does not.

    Leads to the page that was asked for before.
    """
    if request.method != "POST":
        return render(request, "login/button.html", {"secret": secret})
    user = tokens.redeem(secret, timezone.now())
    if user is None:
        return render(request, "login/used.html", status=403)
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    response = redirect(returning.page_of(returning.remembered(request), places))
    returning.forget(request, response)
    return response


@require_POST
def sign_out(request: HttpRequest) -> HttpResponseRedirect:
    logout(request)
    return redirect("login")
