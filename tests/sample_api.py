"""A small API on the base alone: what the base promises is tested here, whatever the real endpoints are."""

import threading
from typing import Annotated, Any, Literal

from django.db import OperationalError
from django.http import HttpResponse
from django.urls import include, path
from pydantic import Field
from rest_framework.request import Request
from typing_extensions import TypedDict

from runs.api.unknown import Unknown
from runs.models import LoginLink
from todos.problems import Busy, Conflict, Forbidden, Invalid, Missing, Stale
from todos.rest import paths  # noqa: F401
from todos.rest.answers import closed
from todos.rest.conditions import versions_expected
from todos.rest.endpoint import Endpoint
from todos.rest.operation import EVERYONE, Operation, Raw
from todos.rest.pages import Page, PageQuery, page
from todos.rest.reading import CommaSeparated, Id, QueryFlag, Wire

FAULTS: dict[str, Exception] = {
    "missing": Missing("no such thing"),
    "conflict": Conflict("not now", current="running"),
    "stale": Stale("changed meanwhile"),
    "forbidden": Forbidden("not you"),
    "busy": Busy("later"),
    "locked": OperationalError("database is locked"),
    "fault": ZeroDivisionError("a secret"),
}


class Note(Wire):
    text: Annotated[str, Field(min_length=1, max_length=20)]
    about: Id | None = None
    parts: list["Note"] = []


class Filters(PageQuery):
    flag: QueryFlag = False
    words: CommaSeparated[Literal["a", "b"]] = []
    ordering: Literal["id", "-id", "digest"] = "id"


@closed
class Row(TypedDict):
    digest: str


class Notes(Endpoint):
    """Notes, kept nowhere."""

    @Operation({200: Page[Row]}, query=Filters)
    def get(self, request: Request, query: Filters) -> Page[Row]:
        orders = {"id": ["pk"], "-id": ["-pk"], "digest": ["expires_at", "-digest"]}
        return page(request, LoginLink.objects.all(), query, orders, lambda rows: [{"digest": r.digest} for r in rows])

    @Operation({201: dict[str, Any]}, body=Note, many=True, refusals=(409,))
    def post(self, request: Request, body: Note | list[Note]) -> dict[str, Any]:
        """Stores one login link a note: an effect that can be counted."""
        notes = body if isinstance(body, list) else [body]
        for note in notes:
            LoginLink.objects.create(user_id=self.principal.owner_id, digest=note.text, expires_at="2026-01-01T00:00Z")
        return {"texts": [note.text for note in notes]}


class OneNote(Endpoint):
    @Operation({200: dict[str, Any]}, version="version")
    def get(self, request: Request, note: int) -> dict[str, Any]:
        return {"id": str(note), "version": 3}

    @Operation({200: dict[str, Any]}, body=Note, refusals=(412,))
    def patch(self, request: Request, note: int, body: Note) -> dict[str, Any]:
        expected = versions_expected(request)
        if expected is not None and 3 not in expected:
            raise Stale("it is at version 3")
        return {}

    @Operation({204: None})
    def delete(self, request: Request, note: int) -> None:
        return None


class Fault(Endpoint):
    @Operation({200: None})
    def get(self, request: Request, kind: str) -> None:
        raise FAULTS[kind]

    @Operation({200: None})
    def post(self, request: Request, kind: str) -> None:
        LoginLink.objects.create(user_id=self.principal.owner_id, digest=kind, expires_at="2026-01-01T00:00Z")
        raise FAULTS[kind]


class Report(Endpoint):
    @Operation({200: Raw("text/plain")}, scopes=EVERYONE, one_run=True)
    def get(self, request: Request) -> HttpResponse:
        return HttpResponse("plain", content_type="text/plain")


class Turnstile(Endpoint):
    """Holds a request at the door until the test lets it through."""

    arrived = threading.Event()
    opened = threading.Event()

    @Operation({200: dict[str, str]}, body=Note)
    def post(self, request: Request, body: Note) -> dict[str, str]:
        LoginLink.objects.create(user_id=self.principal.owner_id, digest=body.text, expires_at="2026-01-01T00:00Z")
        self.arrived.set()
        self.opened.wait(30)
        return {"text": body.text}


class Apart(Endpoint):
    @Operation({200: dict[str, bool]}, body=Note, apart=True)
    def post(self, request: Request, body: Note) -> dict[str, bool]:
        LoginLink.objects.create(user_id=self.principal.owner_id, digest=body.text, expires_at="2026-01-01T00:00Z")
        return {"in_transaction": request._request.META.get("in_transaction", False)}


class Choosy(Endpoint):
    @Operation({200: dict[str, Any]}, body=Note)
    def put(self, request: Request, body: Note) -> tuple[int, dict[str, Any]]:
        if body.text == "refuse":
            raise Invalid.at("/text", "not that")
        return 202, {"text": body.text}


api = [
    path("notes/", Notes.as_view()),
    path("notes/<id:note>/", OneNote.as_view()),
    path("faults/<key:kind>/", Fault.as_view()),
    path("report/", Report.as_view()),
    path("turnstile/", Turnstile.as_view()),
    path("apart/", Apart.as_view()),
    path("choosy/", Choosy.as_view()),
    path("", Unknown.as_view()),
    path("<path:rest>", Unknown.as_view()),
]
urlpatterns = [path("api/v1/", include(api))]
