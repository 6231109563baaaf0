"""Pages for what went wrong. They say what to do next, and nothing about the inside of the server."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

_WORDS = {
    400: ("That was not understood", "The request does not make sense as it is. Go back and try once more."),
    403: ("That is not allowed", "You are signed in, but this is not yours to do."),
    404: (
        "There is nothing here",
        "The address is wrong, or what was here has been deleted, or it belongs to somebody else.",
    ),
    500: ("The server made a mistake", "It was written to the server's log. What was saved before is still there."),
}


def _page(request: HttpRequest, status: int, title: str = "", words: str = "") -> HttpResponse:
    usual = _WORDS[status]
    return render(
        request,
        "errors/error.html",
        {"status": status, "title": title or usual[0], "words": words or usual[1]},
        status=status,
    )


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _page(request, 400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _page(request, 403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _page(request, 404)


def server_error(request: HttpRequest) -> HttpResponse:
    return _page(request, 500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return _page(
        request,
        403,
        "This page was open for too long",
        "It carries a mark that is no longer valid, or was sent from another site. Load the page again and repeat it.",
    )
