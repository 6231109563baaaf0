"""The history of runs in the admin: to look at, to search, to take out. What changes a run goes through its actions."""

from collections.abc import Callable

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from runs import actions, queries
from runs.admin import resources as resource_admin  # noqa: F401  (registers more)
from runs.admin.read_only import Few, ReadOnly
from runs.api.authentication import tokens
from runs.models import Agent, Attempt, Run, Subtask, Token
from runs.reading import exports
from runs.steering import undoing
from todos.problems import Refused

EXPORTED_AT_MOST = 100_000  # subtasks in one file
EVENTS_A_PAGE = 200


class Subtasks(Few):
    model = Subtask
    fields = ("key", "content", "status", "lane", "attempts_used", "started_at", "finished_at", "error")
    ordering = ("position",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Subtask]:
        return super().get_queryset(request).only("run_id", *self.fields)


class Attempts(Few):
    model = Attempt
    fields = ("subtask", "epoch", "status", "agent", "leased_at", "finished_at", "error")
    ordering = ("-pk",)
    verbose_name_plural = "attempts, the latest first"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Attempt]:
        return super().get_queryset(request).select_related("subtask", "agent")


@admin.register(Run)
class RunAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("__str__", "status", "done", "failed", "backend", "strategy", "owner", "created_at", "took")
    list_filter = ("status", "end_reason", "backend", "strategy", "owner")
    list_select_related = ("owner",)
    search_fields = ("content",)
    search_help_text = "What the run was for"
    date_hierarchy = "created_at"
    show_full_result_count = False
    inlines = (Subtasks, Attempts)
    actions = ("export_csv", "export_json", "cancel_runs", "retry_runs", "rollback_runs")
    change_form_template = "admin/run.html"
    fieldsets = (
        (
            None,
            {
                "fields": (
                    "content",
                    ("status", "end_reason"),
                    ("owner", "made_by"),
                    "todo",
                    "retry_of",
                    "baseline_of",
                    "rollback_of",
                )
            },
        ),
        (
            "How",
            {"fields": (("backend", "strategy", "max_agents"), "reason", ("fail_fast", "barriers"), "lanes", "budget")},
        ),
        ("When", {"fields": (("created_at", "started_at"), ("finished_at", "took"), "cancel_requested_at")}),
        (
            "Subtasks",
            {"fields": (("total", "completed", "in_progress"), ("pending", "failed"), ("cancelled", "skipped"))},
        ),
        (
            "Figures",
            {"fields": (("speedup", "highest_speedup", "verdict"), "plan")},
        ),
        ("Used", {"fields": (("input_tokens", "output_tokens", "cost"), ("retries", "losses", "last_seq"))}),
        ("Result", {"fields": ("result",), "classes": ("collapse",)}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Run]:
        return super().get_queryset(request).defer("result")

    def view_on_site(self, run: Run) -> str:
        return f"/runs/{run.pk}/"

    # ---- what is worked out ----

    @admin.display(description="completed")
    def done(self, run: Run) -> str:
        return f"{run.completed:,} of {run.total:,}"

    @admin.display(description="took, seconds")
    def took(self, run: Run) -> str:
        if run.started_at is None or run.finished_at is None:
            return "–"
        wall = (run.finished_at - run.started_at).total_seconds()
        return f"{wall - queries.rested(run, run.finished_at):,.1f}"

    @admin.display(description="estimated speedup")
    def speedup(self, run: Run) -> str:
        found = queries.snapshot(run.pk, timezone.now())["speedup"]
        return "–" if found is None else f"{found:.2f}"

    @admin.display(description="of at most")
    def highest_speedup(self, run: Run) -> str:
        found = queries.snapshot(run.pk, timezone.now())["theoretical_speedup"]
        return "–" if found is None else f"{found:.2f}"

    @admin.display(description="plan")
    def plan(self, run: Run) -> str:
        return f"{run.work_seconds:,.1f} s of work, {run.critical_path_seconds:,.1f} s the longest chain"

    @admin.display(description="verdict")
    def verdict(self, run: Run) -> str:
        return queries.snapshot(run.pk, timezone.now())["verdict"] or "–"

    # ---- events: their key is of two columns, which the admin cannot register ----

    def get_urls(self) -> list[URLPattern]:
        events = path("<int:run_id>/events/", self.admin_site.admin_view(self.events), name="runs_run_events")
        return [events, *super().get_urls()]

    def events(self, request: HttpRequest, run_id: int) -> HttpResponse:
        """The event log of a run, some hundred at a time."""
        run = self.get_object(request, str(run_id))
        if run is None or not self.has_view_permission(request, run):
            raise Http404
        after = request.GET.get("after", "")
        seq = min(int(after), run.last_seq) if after.isdecimal() and len(after) < 20 else run.trim_seq
        found = queries.events_after(run.pk, seq, limit=EVENTS_A_PAGE)
        context = self.admin_site.each_context(request) | {
            "title": f"Events of {run}",
            "opts": self.opts,
            "run": run,
            "events": found,
            "next": found[-1]["seq"] if found and found[-1]["seq"] < run.last_seq else None,
        }
        return TemplateResponse(request, "admin/events.html", context)

    # ---- to take out ----

    @admin.action(description="Export as CSV, a row a subtask", permissions=["view"])
    def export_csv(self, request: HttpRequest, runs: QuerySet[Run]) -> HttpResponse | None:
        response = _file("csv", "text/csv; charset=utf-8")
        return self._export(request, runs, lambda: exports.write_csv(runs.iterator(), response), response)

    @admin.action(description="Export as JSON, with attempts", permissions=["view"])
    def export_json(self, request: HttpRequest, runs: QuerySet[Run]) -> HttpResponse | None:
        response = _file("json", "application/json")
        return self._export(request, runs, lambda: exports.write_json(runs.iterator(), response), response)

    def _export(
        self, request: HttpRequest, runs: QuerySet[Run], write: Callable[[], None], response: HttpResponse
    ) -> HttpResponse | None:
        subtasks = sum(runs.values_list("total", flat=True))
        if subtasks > EXPORTED_AT_MOST:
            messages.error(request, f"{subtasks:,} subtasks in these runs; a file has at most {EXPORTED_AT_MOST:,}.")
            return None
        write()
        return response

    # ---- what is done to runs ----

    def has_steer_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    @admin.action(description="Cancel…", permissions=["steer"])
    def cancel_runs(self, request: HttpRequest, runs: QuerySet[Run]) -> HttpResponse | None:
        if "sure" not in request.POST:
            context = self.admin_site.each_context(request) | {"title": "Cancel runs?", "opts": self.opts, "runs": runs}
            return TemplateResponse(request, "admin/cancel.html", context)
        self._each(request, runs, "Being cancelled", lambda run: actions.cancel(run.pk))
        return None

    @admin.action(description="Roll back…", permissions=["steer"])
    def rollback_runs(self, request: HttpRequest, runs: QuerySet[Run]) -> HttpResponse | None:
        if "sure" not in request.POST:
            context = self.admin_site.each_context(request) | {"title": "Roll back?", "opts": self.opts, "runs": runs}
            return TemplateResponse(request, "admin/rollback.html", context)
        self._each(request, runs, "Rolled back by", undoing.rollback)
        return None

    @admin.action(description="Try again, as new runs", permissions=["steer"])
    def retry_runs(self, request: HttpRequest, runs: QuerySet[Run]) -> None:
        self._each(request, runs, "Tried again as", actions.retry)

    def _each(self, request: HttpRequest, runs: QuerySet[Run], said: str, act: Callable[[Run], Run]) -> None:
        """Does it to each run, and says of each what came of it. One that cannot stops no other."""
        for run in runs.order_by("pk"):
            try:
                after = act(run)
            except Refused as refused:
                messages.error(request, f"{run}: {refused.detail}.")
            else:
                self.log_change(request, run, said)
                messages.success(request, format_html("{}: {}", said, _link(after)))


def _file(suffix: str, kind: str) -> HttpResponse:
    return HttpResponse(content_type=kind, headers={"Content-Disposition": f'attachment; filename="runs.{suffix}"'})


def _link(run: Run) -> SafeString:
    return format_html('<a href="/runs/{}/">{}</a>', run.pk, run)


@admin.register(Subtask)
class SubtaskAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("key", "content", "run", "status", "lane", "attempts_used", "started_at", "finished_at")
    list_filter = ("status", "lane")
    list_select_related = ("run",)
    search_fields = ("key", "content")
    show_full_result_count = False
    ordering = ("-pk",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Subtask]:
        return super().get_queryset(request).select_related("run").defer("result", "run__result")

    def view_on_site(self, subtask: Subtask) -> str:
        return f"/runs/{subtask.run_id}/subtasks/{subtask.key}/"


@admin.register(Attempt)
class AttemptAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("subtask", "epoch", "run", "status", "agent", "leased_at", "finished_at")
    list_filter = ("status",)
    search_fields = ("subtask__key", "agent__name", "error")
    show_full_result_count = False
    ordering = ("-pk",)
    exclude = ("token",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Attempt]:
        found = super().get_queryset(request).select_related("run", "subtask", "agent")
        return found.defer("partial_result", "run__result", "subtask__result")


@admin.register(Agent)
class AgentAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("name", "kind", "parent", "created_at", "last_beat_at", "retired_at")
    list_filter = ("kind", "depth")
    list_select_related = ("parent",)
    search_fields = ("name", "kind")
    date_hierarchy = "created_at"


@admin.register(Token)
class TokenAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("name", "scope", "commands", "owner", "created_at", "expires_at", "last_used_at", "revoked_at")
    list_filter = ("scope", "commands", "owner")
    list_select_related = ("owner",)
    search_fields = ("name",)
    actions = ("revoke",)

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    @admin.action(description="Revoke", permissions=["revoke"])
    def revoke(self, request: HttpRequest, found: QuerySet[Token]) -> None:
        revoked = sum(tokens.revoke(token, timezone.now()) for token in found)
        messages.success(request, f"Revoked: {revoked}. Nobody gets in with them any more.")
