"""The admin as a door of this product: signed in to by the same link, and with its name and colours."""

import re
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.admin import AdminSite
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse

from dashboard.words import ansi

FIRST = ("runs", "todos")
CELL = re.compile(r'(<t[dh]) (class="field-)')  # of a list: Django has no place to say its direction


class Site(AdminSite):
    site_header = "Abreast admin"
    site_title = "Abreast admin"
    index_title = "History"
    enable_nav_sidebar = False

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Every page of it spells out what is hidden in texts and cuts them in their own direction, as others do."""
        inner = super().admin_view(view, cacheable)

        @wraps(inner)
        def readable(*args: Any, **kwargs: Any) -> HttpResponse:
            response = inner(*args, **kwargs)
            if isinstance(response, TemplateResponse):
                response.add_post_render_callback(_make_readable)
            return response

        return readable

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """There are no passwords to guess: whoever is not signed in needs a login link, whoever is may not be here."""
        if request.user.is_authenticated:
            raise PermissionDenied
        return redirect_to_login(request.GET.get("next") or reverse("admin:index"), settings.LOGIN_URL)

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """What the product is about comes before who may use it."""
        found = super().get_app_list(request, app_label)
        return sorted(found, key=lambda app: FIRST.index(app["app_label"]) if app["app_label"] in FIRST else len(FIRST))


def _make_readable(response: TemplateResponse) -> None:
    html = ansi.spelled_out(response.content.decode())
    response.content = CELL.sub(r'\1 dir="auto" \2', html).encode()
