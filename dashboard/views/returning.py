"""Back to the page that was asked for, once whoever asked has signed in."""

from collections.abc import Collection, Iterator
from urllib.parse import unquote, urlsplit

from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, ResolverMatch, resolve, reverse
from django.utils.encoding import iri_to_uri
from django.utils.http import url_has_allowed_host_and_scheme

KEPT_SECONDS = 3600
LONGEST = 2000  # characters: browsers refuse cookies above 4096 bytes


def page_of(address: str, places: Collection[str]) -> str:
    """The page that an address is of: itself, or the nearest above what is part of a page, a button, or not there.

    The overview when it is none of ours. `places`: the names of pages.
    """
    if not address.startswith("/") or not url_has_allowed_host_and_scheme(address, None):
        return reverse("overview")
    path = urlsplit(address).path
    if _is_page(path, places):
        return iri_to_uri(address)
    return next(above for above in _above(path) if _is_page(above, places))


def _above(path: str) -> Iterator[str]:
    names = [name for name in path.split("/") if name]
    for kept in range(len(names) - 1, -1, -1):
        yield "/".join(["", *names[:kept], ""])


def _is_page(path: str, places: Collection[str]) -> bool:
    try:
        match = resolve(unquote(path))
    except Resolver404:
        return False
    return match.url_name in places if not match.namespaces else _is_of_admin(match)


def _is_of_admin(match: ResolverMatch) -> bool:
    """It has pages beyond counting; those of its own that sign in and out are none to come back to."""
    return match.namespaces == ["admin"] and match.url_name not in ("login", "logout")


# ---- kept in the browser: a link that is pasted there knows nothing of what was asked for ----


def remember(request: HttpRequest, response: HttpResponse, address: str) -> None:
    if len(address) <= LONGEST:
        response.set_cookie(
            _cookie(request),
            address,
            max_age=KEPT_SECONDS,
            path=reverse("login"),
            secure=request.is_secure(),
            httponly=True,
            samesite="Strict",
        )


def remembered(request: HttpRequest) -> str:
    """What was asked for last; "" when nothing was. Cookies come from outside: `page_of` judges it."""
    return request.COOKIES.get(_cookie(request), "")


def forget(request: HttpRequest, response: HttpResponse) -> None:
    response.delete_cookie(_cookie(request), path=reverse("login"), samesite="Strict")


def _cookie(request: HttpRequest) -> str:
    """Ports of one host share their cookies."""
    return f"abreast_next_{request.get_port()}"
