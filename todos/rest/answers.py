"""Types of what is answered: TypedDicts, so that a builder of plain dicts is checked and the document is generated.

Nothing is validated when an answer is sent; the tests hold every answer against the document.
"""

from typing import Any, TypeVar

from pydantic import ConfigDict, with_config
from typing_extensions import TypedDict

T = TypeVar("T", bound=type)


def closed(kind: T) -> T:
    """The document says that an answer of this type has these fields and no other."""
    return with_config(ConfigDict(extra="forbid"))(kind)


@closed
class Fault(TypedDict):
    pointer: str
    detail: str


@closed
class _Problem(TypedDict):
    type: str
    title: str
    status: int
    detail: str
    errors: list[Fault]


@closed
class Problem(_Problem, total=False):
    """RFC 9457. A pointer goes into the body, or begins with /query/ or /headers/."""

    current: Any
