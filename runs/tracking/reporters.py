"""The agents that report: one for each name that a token gives, made when it is first named."""

from runs.entry import Entry
from runs.models import Agent, RunAgent, Token
from runs.reading.presence import REPORTED
from todos.principal import Principal
from todos.problems import Invalid

MAX_NAME = 200


class TooMany(Exception):
    """So many agents have reported in this run that no more are made."""


def default_name(principal: Principal) -> str:
    """Of whoever reports without naming itself: its token's."""
    token = Token.objects.filter(pk=principal.token_id).first() if principal.token_id else None
    return token.name[:MAX_NAME] if token else "a person"


def agent(principal: Principal, entry: Entry, name: str, *, most: int, parent: Agent | None = None) -> Agent:
    """The agent of that name of this token. Raises TooMany, and Invalid for the name of one of the server's own."""
    found = Agent.objects.filter(token=principal.token_id, name=name).first()
    if found is not None:
        if found.token_id is None and found.kind != REPORTED:
            raise Invalid.at("/agent", f"{name!r} is the server's own")
        return found
    there = set(RunAgent.objects.filter(run=entry.run_id).values_list("agent", flat=True)) | entry.loads.keys()
    if len(there) >= most:
        raise TooMany(f"{most} agents have reported in this run")
    depth = parent.depth + 1 if parent else 0
    return Agent.objects.create(name=name, kind=REPORTED, token_id=principal.token_id, parent=parent, depth=depth)
