"""An agent from outside that fell silent with work in hand."""

from datetime import timedelta

from django.contrib.auth.models import User
from django.utils import timezone

from runs import tokens
from runs.models import Agent, Token
from tests.scenes import Scene, scene

NAME = "impl-4"


def agent_of(owner: User, name: str, silent: float = 0.0) -> Agent:
    """`silent`: for so many seconds."""
    token = Token.objects.filter(owner=owner, scope="agent").first()
    if token is None:
        tokens.make(owner, "agents", scope="agent")
        token = Token.objects.get(owner=owner, scope="agent")
    heard = timezone.now() - timedelta(seconds=silent)
    return Agent.objects.create(name=name, kind="claude", token=token, last_beat_at=heard)


def lost_work(owner: User) -> Scene:
    """`a`, which `b` needs, was lost by NAME, two minutes ago; `c` is free."""
    made = scene(owner, "abc", {"b": ["a"]}, content="Five features for checkout", max_agents=2)
    made.now = timezone.now() - timedelta(minutes=2)
    agent_of(owner, NAME, silent=120)
    made.start("a", agent=NAME)
    made.lose("a")
    return made
