"""Buttons that do something to a run: each asks an action, and says what came of it."""

from collections import Counter
from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from dashboard.sockets import frames
from dashboard.views.access import steered_run, subtask_for, viewer
from runs import actions
from runs.api.subtasks import AnswerIn
from runs.engine import states
from runs.models import Run, Subtask, SubtaskDependency
from runs.reading import attention
from runs.steering import answering, picked, undoing
from todos.problems import Refused
from todos.rest.reading import read

SHOWN_STEPS = 5


@login_required
@require_POST
def pause(request: HttpRequest, run_id: int) -> HttpResponse:
    steered_run(request, run_id)
    return _do(request, run_id, lambda: actions.pause(run_id), "Paused. What is under way goes on.")


@login_required
@require_POST
def resume(request: HttpRequest, run_id: int) -> HttpResponse:
    steered_run(request, run_id)
    return _do(request, run_id, lambda: actions.resume(run_id), "Going on.")


@login_required
@require_http_methods(["GET", "POST"])
def cancel(request: HttpRequest, run_id: int) -> HttpResponse:
    run = steered_run(request, run_id)
    if request.method == "GET" and run.finished_at:
        return _moved(request, run_id, "The run has ended. There is nothing to cancel.", "error")
    if request.method == "GET":
        return _ask(request, "run/confirm_cancel.html", {"run": run, "on": reverse("run", args=[run.pk])})
    return _do(request, run_id, lambda: actions.cancel(run_id), "The run is being cancelled.")


@login_required
@require_http_methods(["GET", "POST"])
def cancel_subtask(request: HttpRequest, run_id: int, key: str) -> HttpResponse:
    run = steered_run(request, run_id)
    subtask = subtask_for(run, key)
    if request.method == "GET" and subtask.status in states.TERMINAL:
        said = f"{key} is {subtask.status}. There is nothing to cancel."
        return _moved(request, run_id, said, "error")
    if request.method == "GET":
        needed_by = SubtaskDependency.objects.filter(before=subtask).count()
        asked = {
            "run": run,
            "subtask": subtask,
            "needed_by": needed_by,
            "on": reverse("run-subtask", args=[run.pk, key]),
        }
        return _ask(request, "run/confirm_cancel_subtask.html", asked)
    return _do(request, run_id, lambda: actions.cancel_subtask(run_id, key), f"{key} is being cancelled.")


@login_required
@require_POST
def answer(request: HttpRequest, run_id: int, key: str, approve: bool) -> HttpResponse:
    """Says yes or no to a question, with what was written beside the buttons."""
    subtask = subtask_for(steered_run(request, run_id), key)
    sent = {"approve": approve, "text": request.POST.get(f"text-{subtask.pk}", "")}
    usual = "approved" if approve else "refused"
    return _do(request, run_id, _answered(request, subtask, sent), f"{key} is {'answered' if sent['text'] else usual}.")


def _answered(request: HttpRequest, subtask: Subtask, sent: dict[str, object]) -> Callable[[], object]:
    def act() -> None:
        said = read(AnswerIn, sent)
        answering.answer(
            subtask.run_id, subtask.key, approve=said.approve, text=said.text, by=f"user:{request.user.pk}"
        )

    return act


@login_required
@require_http_methods(["GET", "POST"])
def answer_in_words(request: HttpRequest, run_id: int, key: str) -> HttpResponse:
    """What a subtask asks, and room for an answer; then that."""
    run = steered_run(request, run_id)
    subtask = subtask_for(run, key)
    if request.method == "GET":
        asked = attention.question(run, subtask)
        if not asked:
            return _moved(request, run_id, f"{key} asks nothing that can be answered here.", "error")
        about = {"run": run, "subtask": subtask, "asked": asked, "on": reverse("run-subtask", args=[run.pk, key])}
        return _ask(request, "run/answer.html", about)
    sent = {"approve": request.POST.get("approve") != "no", "text": request.POST.get("text", "")}
    return _do(request, run_id, _answered(request, subtask, sent), f"{key} is answered.")


@login_required
@require_POST
def retry(request: HttpRequest, run_id: int) -> HttpResponse:
    """Leads to the new run."""
    run = steered_run(request, run_id)
    try:
        again = actions.retry(run)
    except Refused as refused:
        return _refused(request, run_id, refused)
    messages.success(request, f"This is a new run: {again.completed:,} of {again.total:,} were carried over.")
    return redirect("run", again.pk)


@login_required
@require_POST
def baseline(request: HttpRequest, run_id: int) -> HttpResponse:
    """Leads to the sequential run that tells how long the same takes one after the other."""
    run = steered_run(request, run_id)
    try:
        measuring = actions.baseline(run)
    except Refused as refused:
        return _refused(request, run_id, refused)
    messages.success(request, "This run does the same one after the other, and will tell what parallel work gained.")
    return redirect("run", measuring.pk)


@login_required
@require_http_methods(["GET", "POST"])
def rollback(request: HttpRequest, run_id: int) -> HttpResponse:
    """Asks first; then leads to the run that undoes this one."""
    run = steered_run(request, run_id)
    if request.method == "GET":
        steps = list(undoing.left(run).values_list("key", flat=True)) if run.finished_at else []
        if not steps:
            return _moved(request, run_id, "There is nothing to undo. Nothing was changed.", "error")
        asked = {"run": run, "steps": steps, "shown": steps[:SHOWN_STEPS], "on": reverse("run", args=[run.pk])}
        return _ask(request, "run/confirm_rollback.html", asked)
    try:
        undo = undoing.rollback(run)
    except Refused as refused:
        return _refused(request, run_id, refused)
    messages.success(request, f"This run undoes run {run.pk}: what was completed last is undone first.")
    return redirect("run", undo.pk)


# ---- several subtasks at once: those that were picked in their table ----


@login_required
@require_http_methods(["GET", "POST"])
def cancel_picked(request: HttpRequest, run_id: int) -> HttpResponse:
    run, keys = steered_run(request, run_id), _picked(request)
    if not _asks_first(request):
        return _do(request, run_id, lambda: picked.cancel(run_id, keys), f"{_subtasks(keys)} being cancelled.")
    try:
        picked.refuse_unknown(run_id, keys)
    except Refused as refused:
        return _refused(request, run_id, refused)
    return _ask(request, "run/confirm_cancel_picked.html", _to_cancel(run, keys))


def _picked(request: HttpRequest) -> list[str]:
    return list(dict.fromkeys((request.POST if request.method == "POST" else request.GET).getlist("key")))


def _asks_first(request: HttpRequest) -> bool:
    """More picks than an address can hold are asked about by POST."""
    return request.method == "GET" or "ask" in request.GET


def _subtasks(keys: list[str]) -> str:
    return "1 subtask is" if len(keys) == 1 else f"{len(keys):,} subtasks are"


def _to_cancel(run: Run, keys: list[str]) -> dict[str, object]:
    """How many of these wait, are under way and have ended, and how many others would be skipped at once."""
    rows = Subtask.objects.filter(run=run.pk, key__in=keys)
    found = Counter(rows.order_by().values_list("status", flat=True))
    pending, under_way = found[states.Status.PENDING], found[states.Status.IN_PROGRESS]
    unended = rows.filter(status__in=(states.Status.PENDING, states.Status.IN_PROGRESS))
    waiting = Subtask.objects.filter(run=run.pk, status=states.Status.PENDING, needs__before__in=unended)
    return {
        "run": run,
        "keys": keys,
        "pending": pending,
        "under_way": under_way,
        "ended": found.total() - pending - under_way,
        "needed_by": waiting.exclude(key__in=keys).distinct().count(),
        "on": reverse("run-subtasks", args=[run.pk]),
    }


@login_required
@require_http_methods(["GET", "POST"])
def retry_picked(request: HttpRequest, run_id: int) -> HttpResponse:
    """Asks first; then leads to a new run of just these, and of what they need."""
    run = steered_run(request, run_id)
    keys = _picked(request)
    try:
        picked.refuse_unknown(run_id, keys)
        if _asks_first(request):
            total, carried = actions.would_retry(run, keys)
            needed = total - carried - len(keys)
            asked = {"run": run, "keys": keys, "carried": carried, "needed": needed}
            return _ask(
                request, "run/confirm_retry_picked.html", asked | {"on": reverse("run-subtasks", args=[run.pk])}
            )
        again = actions.retry(run, only=keys)
    except Refused as refused:
        return _refused(request, run_id, refused)
    messages.success(request, f"This is a new run of what you picked: {again.completed:,} others were carried over.")
    return redirect("run", again.pk)


# ---- how they answer ----


def _ask(request: HttpRequest, question: str, context: dict[str, object]) -> HttpResponse:
    """The question in a dialog, or on a page of its own."""
    if request.headers.get("HX-Request"):
        return render(request, question, context)
    return render(request, "run/confirm.html", context | {"question": question, "section": "runs"})


def _do(request: HttpRequest, run_id: int, act: Callable[[], object], said: str) -> HttpResponse:
    try:
        act()
    except Refused as refused:
        return _refused(request, run_id, refused)
    return _moved(request, run_id, said, "success")


def _refused(request: HttpRequest, run_id: int, refused: Refused) -> HttpResponse:
    said = f"{refused.detail[:1].upper()}{refused.detail[1:]}. Nothing was changed."
    return _moved(request, run_id, said, "error")


def _moved(request: HttpRequest, run_id: int, said: str, level: str) -> HttpResponse | HttpResponseRedirect:
    """The page that asked as it stands now, and what was done, in their places; or that page anew."""
    on_overview = request.GET.get("on") == "overview"
    if not request.headers.get("HX-Request"):
        messages.add_message(request, messages.ERROR if level == "error" else messages.SUCCESS, said)
        return redirect("overview") if on_overview else redirect("run", run_id)
    if on_overview:
        html = frames.overview_frame(viewer(request), timezone.now())
    else:
        _, html = frames.run_frame(run_id, 0, timezone.now())
    toast = render_to_string("components/toast.html", {"text": said, "level": level}).strip()
    return HttpResponse(f"{html}{frames.toast(toast)}{frames.NO_DIALOG}")
