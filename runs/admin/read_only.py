"""What the admin shows of history: to be looked at only, and never more of it than is good to read."""

from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest
from django.utils.functional import cached_property

SHOWN_AT_MOST = 50


class ReadOnly:
    """No view of it takes a POST that changes something."""

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class FirstRows(BaseInlineFormSet):
    """The first rows of what may be ten thousand, and how many there are."""

    @cached_property
    def _first(self) -> list[Any]:
        return list(super().get_queryset()[:SHOWN_AT_MOST])

    @cached_property
    def total(self) -> int:
        return len(self._first) if len(self._first) < SHOWN_AT_MOST else super().get_queryset().count()

    def get_queryset(self) -> Any:
        return self._first


class Few(ReadOnly, admin.TabularInline):
    """A table in the page of something else, with a link to all there is."""

    formset = FirstRows
    extra = 0
    can_delete = False
    show_change_link = True
    template = "admin/few.html"
