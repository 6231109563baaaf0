"""An agent from outside that asks for work, and what it gets."""

from dataclasses import dataclass, field
from datetime import datetime

from runs.leases import Lease


@dataclass(frozen=True, slots=True)
class Seeker:
    """An agent that asks for work: its id, its name under its token, what it can do (nothing named: anything)."""

    pk: int
    name: str
    token_id: int | None
    capabilities: tuple[str, ...] = ()
    lanes: tuple[str, ...] = ("query", "execute")


@dataclass(slots=True)
class Wanted:
    """What an agent asks for: up to `limit` subtasks. `since`: from when on it has been free. `leases`: what it got."""

    agent: Seeker
    limit: int
    since: datetime
    leases: list[Lease] = field(default_factory=list)

    @property
    def left(self) -> int:
        return self.limit - len(self.leases)
