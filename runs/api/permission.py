"""Who may call what: the scopes an operation declares, against that of whoever asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from todos.principal import Principal
from todos.rest.operation import READERS, operation_of

if TYPE_CHECKING:  # REST framework reads this module while it makes that class
    from rest_framework.views import APIView


class InScope(BasePermission):
    message = "This token may not do that."

    def has_permission(self, request: Request, view: APIView) -> bool:
        principal = cast(Principal | None, request.auth)
        if principal is None:
            return False
        method = request.method or ""
        if method not in view.allowed_methods:
            return True  # 405 will say it better
        operation = operation_of(view, method)
        if principal.run_id is not None and not (operation and operation.one_run):
            return False
        return principal.scope in (operation.scopes_for(method) if operation else READERS)
