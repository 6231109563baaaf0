"""The proof that what lists show is so, as JSON: `?of=1,2,3` names the rows on the screen."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from dashboard.pages import list_proof
from dashboard.views import insights
from dashboard.views.access import principal, viewer
from runs import access
from runs.insight import past
from todos.models import Todo


@login_required
@require_safe
def runs(request: HttpRequest) -> JsonResponse:
    found = access.visible_runs(principal(request)).filter(pk__in=_shown(request))
    return JsonResponse(list_proof.runs(found).answer())


@login_required
@require_safe
def todos(request: HttpRequest) -> JsonResponse:
    found = Todo.objects.filter(owner=viewer(request), parent=None, pk__in=_shown(request))
    return JsonResponse(list_proof.todos(found).answer())


@login_required
@require_safe
def ended(request: HttpRequest) -> JsonResponse:
    """Of the runs that the page of insights tells of, with its filters."""
    days, status = insights.asked(request)
    return JsonResponse(list_proof.ended(past.ended(viewer(request), days, timezone.now(), status)).answer())


def _shown(request: HttpRequest) -> list[int]:
    """What is no id is not there."""
    words = request.GET.get("of", "").split(",")[: list_proof.MOST]
    return [int(word) for word in words if word.isascii() and word.isdigit() and len(word) < 19]
