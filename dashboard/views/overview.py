"""The overview: what runs, what waits for a person, who works, what ended lately."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from dashboard.pages import overview_page, to_paste
from dashboard.sockets import frames
from dashboard.views.access import answer, viewer


@login_required
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    context = overview_page.context(viewer(request), now) | {"section": "overview"}
    context["frame_mark"] = frames.mark(0, now, ended=False)
    if context["runs"]:
        return answer(request, "overview/page.html", context)
    server = to_paste.server_of(request)
    return answer(request, "overview/empty.html", context | {"server": server, "code": to_paste.to_begin(request)})


@login_required
@require_safe
def frame(request: HttpRequest) -> HttpResponse:
    """What a socket would send, for browsers that have none."""
    make = frames.list_frame if request.GET.get("format") == "list" else frames.overview_frame
    return HttpResponse(make(viewer(request), timezone.now()))
