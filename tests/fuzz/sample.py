"""What the requests meet: todos, runs of every kind and in every state, work under way, questions, a webhook."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import User

from runs.models import Agent, Attempt, Run, Webhook
from tests.factories import EXAMPLE, Api, plant, token_of
from tests.runs.api.outside import run_of
from tests.scenes import scene
from todos.models import Todo

EXTERNAL = tuple({"key": f"e{at}"} for at in range(40))
NEWEST = 8
APPROVAL = {"key": "ok", "executor": {"name": "approval", "question": "Ship it?"}}
IN_PATHS = ("run", "todo", "agent", "attempt", "webhook", "key", "kind", "name", "session")
IN_BODIES = {
    "body.agent": "agent_name",
    "body.run": "run",
    "body.epoch": "epoch",
    "body.attempt": "attempt",
    "body.reports[*].attempt": "attempt",
    "body.reports[*].epoch": "epoch",
    "body.reports[*].key": "key",
}


@dataclass
class Sample:
    """`shared`: the run that agents work on. `names`: what there is, by kind."""

    shared: Run
    names: dict[str, list[Any]] = field(default_factory=dict)

    def places(self) -> dict[str, str]:
        """Where such a name may stand, and of which kind it is."""
        return {f"path.{name}": name for name in IN_PATHS} | IN_BODIES

    def dictionaries(self) -> dict[str, Any]:
        return {name: {"values": values} for name, values in self.names.items()}


def fill(ada: User) -> Sample:
    """All of it anew, beside what is there."""
    api = Api(token_of(ada, "operator", commands=True))
    plant(ada, **EXAMPLE)
    plant(ada, content="Alone")
    _embedded(ada)
    _tracked(api)
    _done(api.post("webhooks/", {"url": "https://example.org/hook"}))
    _done(api.send("PUT", "resources/database/main/", {"capacity": 2}))
    return Sample(run_of(ada, *EXTERNAL, APPROVAL))


def work(sample: Sample, headers: Mapping[str, str]) -> None:
    """Whoever sends these registers an agent and takes four subtasks; with the last it asks a person."""
    api = Api()
    api.headers = dict(headers)
    name = f"impl-{sample.shared.pk}"
    _done(api.post("agents/", {"name": name}))
    told = api.post("leases/", {"agent": name, "limit": 4, "run": str(sample.shared.pk)})
    _done(told)
    lease = told.json()["leases"][-1]
    _done(api.post(f"attempts/{lease['attempt']}/ask/", {"epoch": lease["epoch"], "question": "Now?"}))


def look(sample: Sample) -> Sample:
    """Notes what there is by now: the newest of each kind."""
    ids = {"run": Run, "todo": Todo, "agent": Agent, "attempt": Attempt, "webhook": Webhook}
    for name, model in ids.items():
        newest = model._default_manager.order_by("-pk").values_list("pk", flat=True)[:NEWEST]
        sample.names[name] = [str(pk) for pk in newest]
    sample.names |= {
        "key": ["a", "b", "c", "scan", "lint", "t", "todo-1", "ok", "e0", "e1", "e9"],
        "kind": ["database", "api"],
        "name": ["main"],
        "session": ["s1"],
        "agent_name": list(Agent.objects.order_by("-pk").values_list("name", flat=True)[:NEWEST]),
        "epoch": [1, 2],
    }
    return sample


def _embedded(ada: User) -> None:
    scene(ada)
    under_way = scene(ada, needs={"c": ["a"]})
    under_way.start("a", "b")
    under_way.later(3)
    under_way.complete("a", result={"found": 3})
    under_way.print("b", "half of it\n")
    elsewhere = scene(ada)
    elsewhere.start("a")
    Run.objects.filter(pk=elsewhere.run_id).update(backend="celery")  # which this database could not have made
    ended = scene(ada, ("a", "b"), claims={"a": [{"kind": "database", "name": "main", "mode": "read", "amount": 1}]})
    ended.start("a", "b")
    ended.later(5)
    ended.complete("a")
    ended.fail("b")


def _tracked(api: Api) -> None:
    made = api.post("runs/", {"content": "Nightly", "backend": "tracked", "subtasks": [{"key": "t", "content": "T"}]})
    _done(made)
    _done(api.post(f"runs/{made.json()['id']}/reports/", {"reports": [{"key": "t", "agent": "reporter"}]}))
    items = [{"content": "Read", "status": "in_progress", "activeForm": "Reading"}]
    _done(api.send("PUT", "todowrite/s1/", {"todos": items}))


def _done(response: Any) -> None:
    assert response.status_code < 300, response.content
