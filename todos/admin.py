"""Todos in the admin. What is saved or deleted here goes through the same actions as anywhere else."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet
from django.forms.fields import InvalidJSONInput
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from todos import actions, queries
from todos.models import Todo
from todos.plan.rollup import TOTAL
from todos.principal import for_person
from todos.problems import Invalid, Refused
from todos.rest import strict_json
from todos.rest.reading import read
from todos.wire.inputs import TodoChanges, TodoIn

SHOWN = 50  # subtasks on the page of their parent; the list has them all
SPEC = Todo.spec_fields()


class JsonField(forms.JSONField):
    """JSON as strictly as the REST API takes it."""

    def to_python(self, value: Any) -> Any:
        if self.disabled or value in self.empty_values or not isinstance(value, str):
            return super().to_python(value)
        try:
            return strict_json.loads(value.encode())
        except Refused as refused:
            raise forms.ValidationError(refused.detail) from None

    def bound_data(self, data: Any, initial: Any) -> Any:
        """What was entered wrong is shown as it was entered: what Django makes of it may not even be printable."""
        try:
            self.to_python(data)
        except forms.ValidationError:
            return InvalidJSONInput(data)
        return super().bound_data(data, initial)


class TodoForm(forms.ModelForm):
    """The fields of `TodoIn` and `TodoChanges`; those models check them."""

    executor = JsonField(required=False)
    inputs = JsonField(required=False)
    rollback = JsonField(required=False)
    verify = JsonField(required=False)
    resources = JsonField(required=False, help_text='[{"kind": "file", "name": "src/app.py", "mode": "write"}]')
    aggregate = JsonField(required=False)
    depends_on = forms.CharField(required=False, help_text="Keys of other subtasks, with commas between them.")

    class Meta:
        model = Todo
        fields = [*SPEC, "aggregate", "status", "position"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        todo = self.instance
        if todo.pk:
            shown = queries.answers([todo])[0]
            self.initial["depends_on"] = ", ".join(shown["depends_on"])
            self.initial["resources"] = shown["resources"]
        meaningless = {"depends_on", "position"} if todo.root_id is None else set()
        if todo.counts:
            meaningless.add("status")
        for name in meaningless & set(self.fields):
            del self.fields[name]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not self.errors:
            try:
                self.spec = self._read(cleaned)
            except Invalid as invalid:
                for problem in invalid.problems:
                    field = problem.pointer.split("/")[1] if problem.pointer else ""
                    self.add_error(field if field in self.fields else None, f"{problem.pointer}: {problem.detail}")
        return cleaned

    def _read(self, cleaned: dict[str, Any]) -> TodoIn | TodoChanges:
        """What was entered, as the API would have it: all that is there for a new todo, else what was changed."""
        names = self.changed_data if self.instance.pk else [name for name in cleaned if cleaned[name] is not None]
        sent = {name: cleaned[name] for name in names}
        for name in ("lane", "assigned_agent"):
            if name in sent:
                sent[name] = sent[name] or None
        if "depends_on" in sent:
            sent["depends_on"] = [key.strip() for key in sent["depends_on"].split(",") if key.strip()]
        return read(TodoChanges, sent) if self.instance.pk else read(TodoIn, sent)


class RootFilter(admin.SimpleListFilter):
    title = "place"
    parameter_name = "root"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("true", "top of a tree"), ("false", "subtask")]

    def queryset(self, request: HttpRequest, rows: QuerySet[Todo]) -> QuerySet[Todo]:
        return rows if self.value() is None else rows.filter(parent__isnull=self.value() == "true")


@admin.register(Todo)
class TodoAdmin(admin.ModelAdmin):
    form = TodoForm
    list_display = ["shortened", "key", "status", "priority", "done", "owner", "updated_at"]
    list_filter = [RootFilter, "status", "priority", "owner"]
    list_select_related = ["owner"]
    list_per_page = 50
    show_full_result_count = False
    search_fields = ["content", "key"]
    ordering = ["-pk"]
    readonly_fields = [
        "key",
        "owner",
        "parent",
        "done",
        "subtasks_below",
        "needed_by",
        "version",
        "created_at",
        "updated_at",
    ]

    @admin.display(description="content", ordering="content")
    def shortened(self, todo: Todo) -> str:
        return str(todo)

    @admin.display(description="done")
    def done(self, todo: Todo) -> str:
        """Leaves that are completed or skipped, of all."""
        if not todo.counts:
            return "–"
        return f"{todo.counts['completed'] + todo.counts['skipped']} of {todo.counts[TOTAL]}"

    @admin.display(description="subtasks")
    def subtasks_below(self, todo: Todo) -> SafeString:
        children = Todo.objects.filter(parent=todo).order_by("position", "pk")
        shown = list(children[: SHOWN + 1])
        links = _links(shown[:SHOWN])
        if len(shown) <= SHOWN:
            return links
        everything = f"{reverse('admin:todos_todo_changelist')}?parent__id__exact={todo.pk}"
        return format_html('{}<br><a href="{}">All {}</a>', links, everything, children.count())

    @admin.display(description="needed by")
    def needed_by(self, todo: Todo) -> SafeString:
        return _links(list(Todo.objects.filter(needs__before=todo).order_by("position", "pk")[:SHOWN]))

    def get_fields(self, request: HttpRequest, obj: Todo | None = None) -> list[Any]:
        shown = list(TodoForm(instance=obj).fields) if obj else [*SPEC, "aggregate", "status", "resources"]
        return shown + (list(self.readonly_fields) if obj else [])

    def get_readonly_fields(self, request: HttpRequest, obj: Todo | None = None) -> list[str]:
        return list(self.readonly_fields) if obj else []

    # ---- through the actions ----

    def save_model(self, request: HttpRequest, obj: Todo, form: TodoForm, change: bool) -> None:
        by = for_person(request.user)  # type: ignore[arg-type]  # the admin lets in nobody who is not signed in
        if change:
            actions.edit(by, obj, form.spec)  # type: ignore[arg-type]
        else:
            obj.pk = actions.create(by, form.spec).pk  # type: ignore[arg-type]
        obj.refresh_from_db()

    def delete_model(self, request: HttpRequest, obj: Todo) -> None:
        actions.delete(obj)

    @transaction.atomic
    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Todo]) -> None:
        """All or none. What goes with its parent needs no deleting."""
        for pk in list(queryset.values_list("pk", flat=True)):
            if todo := Todo.objects.filter(pk=pk).first():
                actions.delete(todo)

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """The todos and how many leaves each has, not a page of ten thousand lines."""
        todos = list(objs)
        said = [f"{todo} and all {todo.counts[TOTAL]} below it" if todo.counts else str(todo) for todo in todos]
        return said, {"todos": len(todos)}, set(), []

    # ---- refusals as messages ----

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return super().changeform_view(request, *args, **kwargs)
        except Refused as refused:
            return self._say(request, refused)

    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return super().delete_view(request, *args, **kwargs)
        except Refused as refused:
            return self._say(request, refused)

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return super().changelist_view(request, *args, **kwargs)
        except Refused as refused:
            return self._say(request, refused)

    def _say(self, request: HttpRequest, refused: Refused) -> HttpResponse:
        self.message_user(request, refused.detail, messages.ERROR)
        return HttpResponseRedirect(request.get_full_path())


def _links(todos: list[Todo]) -> SafeString:
    rows = [(reverse("admin:todos_todo_change", args=[todo.pk]), str(todo), todo.status) for todo in todos]
    return format_html_join(SafeString("<br>"), '<a href="{}">{}</a> ({})', rows) or SafeString("–")
