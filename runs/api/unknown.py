"""Paths below /api/ where nothing is."""

from typing import Any, NoReturn

from django.http import HttpRequest

from todos.problems import Missing
from todos.rest.endpoint import Endpoint


class Unknown(Endpoint):
    """404 for every method, to whoever may ask at all."""

    schema = None

    def http_method_not_allowed(self, request: HttpRequest, *args: Any, **kwargs: Any) -> NoReturn:
        raise Missing("There is no such path; every path ends with a slash.")
