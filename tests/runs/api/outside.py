"""Agents from outside, for tests of the API."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from runs import actions, sweep
from runs.external import delivering, leasing
from runs.external.wanted import Seeker
from runs.leases import Lease
from runs.models import Agent, Attempt, Run, Token
from runs.tokens import digest
from tests.factories import Api, plant, token_of
from tests.runs.factories import dump

ONE = ({"key": "a", "content": "Do a"},)


def run_of(owner: User, *subtasks: dict[str, Any], **options: Any) -> Run:
    """A run for agents from outside."""
    below = [{"content": f"Do {one.get('key')}"} | one for one in subtasks or ONE]
    wanted: dict[str, Any] = {"backend": "external", "strategy": "parallel", "max_agents": 100} | options
    return actions.start(plant(owner, subtasks=below), actions.Options(**wanted))


def leased(owner: User) -> Lease:
    """A subtask that an agent of hers has taken, under a token of its own."""
    run = run_of(owner)
    token = Token.objects.get(digest=digest(token_of(owner, "agent")))
    agent = Agent.objects.create(name="impl-1", kind="agent", token=token, lanes=["query", "execute"])
    [(_, lease)] = leasing.lease(Seeker(agent.pk, agent.name, token.pk), owner.pk, 1, run.pk, timezone.now())
    return lease


@dataclass
class Outsider:
    """An agent with a token of its own, registered under this name."""

    owner: User
    name: str = "impl-1"
    said: dict[str, Any] = field(default_factory=dict)
    scope: str = "agent"

    def __post_init__(self) -> None:
        self.api = Api(token_of(self.owner, self.scope))
        response = self.api.post("agents/", {"name": self.name} | self.said)
        assert response.status_code == 201, response.content
        self.id = response.json()["id"]

    def ask_for_work(self, **more: Any) -> list[dict[str, Any]]:
        response = self.api.post("leases/", {"agent": self.name} | more)
        assert response.status_code == 200, response.content
        found: list[dict[str, Any]] = response.json()["leases"]
        return found

    def take(self, **more: Any) -> dict[str, Any]:
        [lease] = self.ask_for_work(**more)
        return lease

    def say(self, verb: str, lease: dict[str, Any], **more: Any) -> Any:
        return self.api.post(f"attempts/{lease['attempt']}/{verb}/", {"epoch": lease["epoch"]} | more)

    def beat(self, lease: dict[str, Any], **more: Any) -> dict[str, Any]:
        response = self.say("heartbeat", lease, **more)
        assert response.status_code == 200, response.content
        found: dict[str, Any] = response.json()
        return found


def row(lease: dict[str, Any]) -> Attempt:
    return Attempt.objects.select_related("subtask", "run").get(pk=lease["attempt"])


def lose(lease: dict[str, Any], seconds: float = 16.0) -> None:
    """So much time passes without a word, and the sweep looks round."""
    silent = timezone.now() - timedelta(seconds=seconds)
    Attempt.objects.filter(pk=lease["attempt"]).update(lease_expires_at=silent + timedelta(seconds=15))
    delivering.deliver(sweep.overdue(timezone.now()))


def refused(report: Callable[[], Any], current: Any) -> None:
    before = dump()
    response = report()
    assert (response.status_code, response.json()["current"], dump()) == (409, current, before)
