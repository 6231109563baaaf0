"""What subtasks claim, in the admin: limits to set, as over REST, and who holds what, to be looked at."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from runs import actions
from runs.admin.read_only import ReadOnly
from runs.api.resources import LimitIn, refuse_unfit
from runs.claims import resources
from runs.models import Hold, Resource
from runs.models.resource import KINDS, POOL
from runs.orchestrating import pools
from todos.plan.claims import FILE
from todos.problems import Refused
from todos.rest.reading import read

LIMITS = ("capacity", "per_second")


class LimitForm(forms.ModelForm):
    """What is taken is what the REST API takes."""

    capacity = forms.IntegerField(
        required=False,
        help_text="Connections of a database, MiB of memory, or subtasks of a pool at once (empty: no limit).",
    )
    per_second = forms.FloatField(required=False, help_text="Calls of an API.")

    class Meta:
        model = Resource
        fields = ["kind", "name", *LIMITS]

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        if "kind" in self.fields:
            self.fields["kind"] = forms.ChoiceField(
                choices=[kind for kind in (*KINDS, (POOL, POOL)) if kind[0] != FILE]
            )

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or self.cleaned_data
        kind = found.get("kind") or self.instance.kind
        if self.errors or not kind:
            return found
        if kind == POOL and (found.get("name") or self.instance.name) not in pools.LIMITED:
            self.add_error("name", f"There are only these: {', '.join(sorted(pools.LIMITED))}.")
            return found
        try:
            refuse_unfit(kind, read(LimitIn, {name: found.get(name) for name in LIMITS}))
        except Refused as refused:
            for problem in refused.problems:
                name = problem.pointer.removeprefix("/")
                self.add_error(name if name in self.fields else None, problem.detail.capitalize())
        return found


@admin.register(Resource)
class ResourceAdmin(admin.ModelAdmin):
    """Those somebody set, and the APIs that were called. All others are as the settings say."""

    form = LimitForm
    list_display = ("name", "kind", "capacity", "per_second")
    list_filter = ("kind",)
    search_fields = ("name",)
    ordering = ("kind", "name")
    fields = ("kind", "name", *LIMITS)

    def get_fields(self, request: HttpRequest, obj: Resource | None = None) -> Any:
        return (*self.fields, "available", "holders", "waiting") if obj else self.fields

    def get_readonly_fields(self, request: HttpRequest, obj: Resource | None = None) -> tuple[str, ...]:
        return ("kind", "name", "available", "holders", "waiting") if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: Resource | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Resource, form: Any, change: bool) -> None:
        """Who waits for it is looked at again, as when it is set over REST."""
        actions.set_limit(obj.kind, obj.name, capacity=obj.capacity, per_second=obj.per_second)
        obj.pk = Resource.objects.values_list("pk", flat=True).get(kind=obj.kind, name=obj.name)

    # ---- what is worked out ----

    @admin.display(description="available now")
    def available(self, found: Resource) -> str:
        return self._described(found, "available")

    @admin.display(description="held by, attempts")
    def holders(self, found: Resource) -> str:
        return self._described(found, "holders")

    @admin.display(description="waited for by, subtasks")
    def waiting(self, found: Resource) -> str:
        return self._described(found, "waiting")

    def _described(self, found: Resource, what: str) -> str:
        value = resources.describe(found.kind, found.name, timezone.now())[what]
        return "–" if value is None else f"{value:,}"


@admin.register(Hold)
class HoldAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("name", "kind", "mode", "amount", "subtask", "run", "attempt")
    list_filter = ("kind", "mode")
    search_fields = ("name", "subtask__key")
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Hold]:
        found = super().get_queryset(request).select_related("run", "subtask", "attempt__subtask", "attempt__agent")
        return found.defer("run__result", "subtask__result", "attempt__partial_result", "attempt__subtask__result")
