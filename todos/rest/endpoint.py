"""The base of all endpoints: an APIView whose handlers carry an Operation each."""

from typing import Any, cast

from rest_framework.request import Request
from rest_framework.views import APIView

from todos.principal import Principal
from todos.rest.operation import operation_of


class Endpoint(APIView):
    http_method_names = ["get", "head", "post", "put", "patch", "delete"]

    @property
    def principal(self) -> Principal:
        """Whoever asks. The permission has been checked before a handler is called, so there is one."""
        return cast(Principal, self.request.auth)

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        found = operation_of(self, request.method)
        return super().perform_content_negotiation(request, force or (found is not None and found.raw))
