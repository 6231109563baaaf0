"""Whoever asks for something: a person at the dashboard or a program with a token."""

from dataclasses import dataclass
from typing import Protocol

from todos.plan.words import COMMANDING, EXECUTORS

ALL_EXECUTORS = frozenset(EXECUTORS)
HARMLESS_EXECUTORS = ALL_EXECUTORS - COMMANDING


class Person(Protocol):
    """What is asked about a signed-in user."""

    @property
    def pk(self) -> int: ...

    @property
    def is_staff(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Principal:
    """`owner_id` is the user whose objects these are to it; all others do not exist for it.

    `scope` is viewer, agent, operator or admin. `executors` are those it may put into subtasks. A token has its id here
    and, when it is narrowed to one run, that run's; when it was lent to an agent with its attempt, that attempt's.
    """

    owner_id: int
    scope: str
    executors: frozenset[str] = frozenset()
    token_id: int | None = None
    run_id: int | None = None
    attempt_id: int | None = None

    @property
    def name(self) -> str:
        return f"user:{self.owner_id}" if self.token_id is None else f"token:{self.token_id}"


def for_person(user: Person) -> Principal:
    """Staff may do everything, anyone else who is signed in may look at what is theirs."""
    if user.is_staff:
        return Principal(user.pk, "admin", ALL_EXECUTORS)
    return Principal(user.pk, "viewer")
