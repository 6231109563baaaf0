"""The overview: what runs, what waits for a person, who works, what ended lately."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from dashboard import frames, overview_page
from dashboard.views.access import answer, viewer

MAKE_TOKEN = "export ABREAST_TOKEN=$(\n  .venv/bin/python manage.py create_token laptop --scope operator)"  # noqa: S105


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
    parts = ",\n".join(
        f'  {{"content": "Part {n}", "executor": {{"name": "simulate", "seconds": {n}}}}}' for n in range(1, 6)
    )
    return {
        "token": MAKE_TOKEN,
        "run": (
            'api() { curl -sS --fail-with-body -H "Authorization: Bearer $ABREAST_TOKEN" \\\n'
            f"  -H 'Content-Type: application/json' -d \"$2\" \\\n"
            f'  "{server}/api/v1$1"; }}\n'
            f'TODO=$(api /todos/ \'{{"content": "Five things", "subtasks": [\n{parts}]}}\' \\\n'
            "  | python3 -c 'import json, sys; print(json.load(sys.stdin)[\"id\"])')\n"
            'api "/todos/$TODO/run/" \'{"max_agents": 4}\''
        ),
    }


@login_required
@require_safe
def frame(request: HttpRequest) -> HttpResponse:
    """What a socket would send, for browsers that have none."""
    return HttpResponse(frames.overview_frame(viewer(request), timezone.now()))
