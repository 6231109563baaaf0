"""`GET /agent.py` and its like: programs in one file, with the address they were fetched from written into them."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from runs import portable


@require_safe
def agent_file(request: HttpRequest, parts: tuple[str, ...] = portable.AGENT) -> HttpResponse:
    """Public: it holds nothing secret, and whoever fetches it needs a token to do anything with it."""
    text = portable.for_server(f"{request.scheme}://{request.get_host()}", parts)
    return HttpResponse(text, content_type="text/x-python; charset=utf-8")
