"""Subtasks of a run over REST, with their attempts and output."""

import re
from typing import Annotated, Literal

from django.http import HttpResponse
from pydantic import Field
from rest_framework.request import Request

from runs import access, actions, outputs
from runs.api.shapes import SubtaskOut, SubtaskRow, subtask_out, subtask_rows
from runs.making import adding
from runs.making.adding import Addition
from runs.models import Attempt, Run, Subtask
from runs.steering import answering
from todos.principal import Principal
from todos.problems import Missing
from todos.rest.endpoint import Endpoint
from todos.rest.operation import EVERYONE, MEBIBYTE, WRITERS, Operation, Raw
from todos.rest.pages import Page, PageQuery, page
from todos.rest.reading import STORABLE, CommaSeparated, Wire

StatusWord = Literal["pending", "in_progress", "completed", "failed", "cancelled", "skipped"]
ADDERS = WRITERS | {"agent"}
ADDED_BYTES = 4 * MEBIBYTE
MOST_BYTES = 4 * 1024 * 1024  # of output in one answer; Range fetches the rest

ORDERINGS = {
    "position": ["position"],
    "-position": ["-position"],
    "key": ["key"],
    "-key": ["-key"],
    "status": ["status", "position"],
    "priority": ["priority", "position"],
}


class SubtasksQuery(PageQuery):
    ordering: Literal["position", "-position", "key", "-key", "status", "priority"] = "position"
    status: CommaSeparated[StatusWord] | None = None
    q: Annotated[str, Field(max_length=200), STORABLE] | None = None
    agent: Annotated[str, Field(max_length=200), STORABLE] | None = None


class Subtasks(Endpoint):
    """`GET|POST /runs/{id}/subtasks/`"""

    @Operation({200: Page[SubtaskRow]}, query=SubtasksQuery, scopes=EVERYONE, one_run=True)
    def get(self, request: Request, run: int, query: SubtasksQuery) -> Page[SubtaskRow]:
        found = access.run_for(self.principal, run)
        rows = Subtask.objects.filter(run=run)
        if query.status:
            rows = rows.filter(status__in=query.status)
        if query.q:
            rows = rows.filter(content__icontains=query.q) | rows.filter(key__icontains=query.q)
        if query.agent:
            rows = rows.filter(pk__in=Attempt.objects.filter(run=run, agent__name=query.agent).values("subtask"))
        unfiltered = not (query.status or query.q or query.agent)
        count = found.total if unfiltered else None
        return page(request, rows, query, ORDERINGS, lambda some: subtask_rows(found, some), count)

    @Operation(
        {201: SubtaskRow | list[SubtaskRow]},
        body=Addition,
        many=True,
        refusals=(409,),
        scopes=ADDERS,
        one_run=True,
        max_bytes=ADDED_BYTES,
    )
    def post(self, request: Request, run: int, body: Addition | list[Addition]) -> SubtaskRow | list[SubtaskRow]:
        """Adds a subtask, or a list of them, to a run that has not ended; answers alike."""
        found = access.run_for(self.principal, run)
        bare = not isinstance(body, list)
        added = adding.add(self.principal, found, body if isinstance(body, list) else [body], bare=bare)
        found.refresh_from_db()
        rows = subtask_rows(found, added)
        return rows[0] if bare else rows


def _find(principal: Principal, run: int, key: str) -> tuple[Run, Subtask]:
    found = access.run_for(principal, run)
    subtask = Subtask.objects.filter(run=run, key=key).first()
    if subtask is None:
        raise Missing("There is no such subtask.")
    return found, subtask


class OneSubtask(Endpoint):
    """`GET /runs/{id}/subtasks/{key}/`"""

    @Operation({200: SubtaskOut}, scopes=EVERYONE, one_run=True, version="")
    def get(self, request: Request, run: int, key: str) -> SubtaskOut:
        return subtask_out(*_find(self.principal, run, key))


class CancelSubtask(Endpoint):
    """`POST /runs/{id}/subtasks/{key}/cancel/`"""

    @Operation({200: SubtaskOut}, body=Wire, refusals=(409,))
    def post(self, request: Request, run: int, key: str, body: Wire) -> SubtaskOut:
        found, _ = _find(self.principal, run, key)
        return subtask_out(found, actions.cancel_subtask(run, key))


class AnswerIn(Wire):
    """A person's answer: yes or no, and what else they have to say."""

    approve: bool
    text: Annotated[str, Field(max_length=9_000), STORABLE] = ""


class Answer(Endpoint):
    """`POST /runs/{id}/subtasks/{key}/answer/`"""

    @Operation({200: SubtaskOut}, body=AnswerIn, refusals=(409,))
    def post(self, request: Request, run: int, key: str, body: AnswerIn) -> SubtaskOut:
        found, _ = _find(self.principal, run, key)
        by = self.principal.name
        return subtask_out(found, answering.answer(run, key, approve=body.approve, text=body.text, by=by))


class SubtaskOutput(Endpoint):
    """`GET /runs/{id}/subtasks/{key}/output/`: of the latest attempt, as plain text."""

    @Operation({200: Raw("text/plain"), 206: Raw("text/plain"), 416: None}, scopes=EVERYONE, one_run=True)
    def get(self, request: Request, run: int, key: str) -> HttpResponse:
        _, subtask = _find(self.principal, run, key)
        size = outputs.size(run, subtask.pk, subtask.epoch)
        wanted = byte_range(request.headers.get("Range", ""), size)
        if wanted is None:
            return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
        start, end = wanted
        whole = "Range" not in request.headers and end == size
        data = outputs.read(run, subtask.pk, subtask.epoch, start, end)
        response = HttpResponse(data, status=200 if whole else 206, content_type="text/plain; charset=utf-8")
        response["Accept-Ranges"] = "bytes"
        if not whole:
            response["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
        return response


_RANGE = re.compile(r"bytes=(?:(\d{1,18})-(\d{0,18})|-(\d{1,18}))")


def byte_range(header: str, size: int) -> tuple[int, int] | None:
    """First byte and end (exclusive) of what a Range header asks for; None when there is nothing there.

    A header that is none, or of another unit, asks for all. An answer holds MOST_BYTES at most.
    """
    found = _RANGE.fullmatch(header.strip())
    if found is None:
        return 0, min(size, MOST_BYTES)
    first, last, suffix = found.groups()
    if suffix is not None:
        start, end = max(0, size - int(suffix)), size
    else:
        start, end = int(first), min(size, int(last) + 1 if last else size)
    if start >= size or end <= start:
        return None
    return start, min(end, start + MOST_BYTES)
