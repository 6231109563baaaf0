"""Pages for what went wrong. They say what to do next, and nothing about the inside of the server."""

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import is_valid_path
from django.utils.http import escape_leading_slashes, url_has_allowed_host_and_scheme

_WORDS = {
    400: ("That was not understood", "The request does not make sense as it is. Go back and try once more."),
    403: ("That is not allowed", "You are signed in, but this is not yours to do."),
    404: (
        "There is nothing here",
        "The address is wrong, or what was here has been deleted, or it belongs to somebody else.",
    ),
    405: (
        "This address is not a page",
        "It belongs to a button: what it does is done by pressing that, so nothing was done now.",
    ),
    500: ("The server made a mistake", "It was written to the server's log. What was saved before is still there."),
}


def _page(request: HttpRequest, status: int, title: str = "", words: str = "", back: str = "Go back") -> HttpResponse:
    usual = _WORDS[status]
    context = {"status": status, "title": title or usual[0], "words": words or usual[1]}
    context |= {"back": back, "came_from": _came_from(request)}
    return render(request, "errors/error.html", context, status=status)


def _came_from(request: HttpRequest) -> str:
    """The page of ours that led here; "" when there was none, or when it was this one."""
    referer = request.headers.get("Referer", "")
    try:
        here, ours = request.build_absolute_uri(), url_has_allowed_host_and_scheme(referer, {request.get_host()})
    except DisallowedHost:
        return ""
    return referer if ours and not (request.method == "GET" and referer == here) else ""


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _page(request, 400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _page(request, 403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Leads to the page that is meant where only the slash at the end is missing."""
    if request.method == "GET" and not request.path.endswith("/") and is_valid_path(f"{request.path_info}/"):
        query = request.META.get("QUERY_STRING", "")
        return redirect(escape_leading_slashes(f"{request.path}/{'?' if query else ''}{query}"))
    return _page(request, 404)


def with_page(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """For a browser, a refusal of the method says so on a page; all else stays as it is."""
    looked_at = "text/html" in request.headers.get("Accept", "")
    if response.status_code != 405 or response.content or not looked_at:
        return response
    page = _page(request, 405)
    page.headers["Allow"] = response.headers["Allow"]
    return page


def server_error(request: HttpRequest) -> HttpResponse:
    return _page(request, 500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return _page(
        request,
        403,
        "This page was open for too long",
        "You were signed in or out meanwhile, or it was sent from another site. Nothing was changed. Load the page "
        "again and repeat it.",
        back="Load the page again",
    )
