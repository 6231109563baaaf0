"""The overview: what runs, what waits for a person, who works, what ended lately."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from dashboard import frames, overview_page
from dashboard.views.access import answer, viewer


@login_required
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    context = overview_page.context(viewer(request), now) | {"section": "overview"}
    context["frame_mark"] = frames.mark(0, now, ended=False)
    if context["runs"]:
        return answer(request, "overview/page.html", context)
    server = request.build_absolute_uri("/").rstrip("/")
    return answer(request, "overview/empty.html", context | {"server": server, "code": _to_paste(server)})


def _to_paste(server: str) -> dict[str, str]:
    """Commands that work as they stand, once the token is in the environment."""
    call = f"-H \"Authorization: Bearer $ABREAST_TOKEN\" -H 'Content-Type: application/json' {server}/api/v1"
    parts = ", ".join(
        f'{{"content": "Part {n}", "executor": {{"name": "simulate", "seconds": {n}}}}}' for n in range(1, 6)
    )
    return {
        "token": "export ABREAST_TOKEN=$(python manage.py create_token laptop --scope operator)",
        "run": (
            f'TODO=$(curl -s {call}/todos/ -d \'{{"content": "Five things", "subtasks": [{parts}]}}\' \\\n'
            "  | python3 -c 'import json, sys; print(json.load(sys.stdin)[\"id\"])')\n"
            f"curl -s {call}/todos/$TODO/run/ -d '{{}}'"
        ),
        "todowrite": (
            f'curl -s -X PUT {call}/todowrite/my-session/ -d \'{{"todos": [\n'
            '  {"content": "Lint", "status": "in_progress", "activeForm": "Linting"},\n'
            '  {"content": "Test", "status": "pending", "activeForm": "Testing"}]}\''
        ),
    }


@login_required
@require_safe
def frame(request: HttpRequest) -> HttpResponse:
    """What a socket would send, for browsers that have none."""
    return HttpResponse(frames.overview_frame(viewer(request), timezone.now()))
