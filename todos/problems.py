"""What may go wrong with a request, as exceptions every door can show: REST as problem+json, pages as a message."""

from collections.abc import Sequence
from typing import Any

from todos.plan.outline import OutlineError, Problem


class Refused(Exception):
    """A request that is refused and changed nothing. `status` is the HTTP status a REST answer carries."""

    status = 400
    title = "Bad request"

    def __init__(self, detail: str, problems: Sequence[Problem] = (), current: Any = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.problems = list(problems)
        self.current = current


class NotJson(Refused):
    """The body is not JSON as this API takes it."""

    title = "Not JSON"


class TooLarge(Refused):
    """More bytes than are taken here."""

    status = 413
    title = "Too large"


class Invalid(Refused):
    """Well-formed, but wrong: each problem names its field."""

    status = 422
    title = "Invalid"

    @classmethod
    def at(cls, pointer: str, detail: str) -> "Invalid":
        return cls(detail, [Problem(pointer, detail)])

    @classmethod
    def outline(cls, error: OutlineError) -> "Invalid":
        return cls(str(error), error.problems)


class Conflict(Refused):
    """It cannot be done in the present state; `current` says what that state is."""

    status = 409
    title = "Conflict"


class Stale(Refused):
    """If-Match named an older version than the one that stands."""

    status = 412
    title = "Changed meanwhile"


class Forbidden(Refused):
    status = 403
    title = "Forbidden"


class Missing(Refused):
    status = 404
    title = "Not found"


class Busy(Refused):
    """It cannot be taken just now; the same request again, `retry_after_seconds` later, may be."""

    status = 503
    title = "Busy"
    retry_after_seconds = 1
