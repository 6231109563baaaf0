"""Who asks: everybody that docs/api.md knows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from runs.models import Run
from tests.factories import token_of

HOST = "http://127.0.0.1"
SCOPES = {
    "nobody": "",
    "expired": "",
    "viewer": "viewer",
    "agent": "agent",
    "agent of one run": "agent",
    "operator": "operator",
    "operator with commands": "operator",
    "admin": "admin",
    "admin of somebody else": "admin",
    "owner in a browser": "operator",
}


@dataclass(frozen=True, slots=True)
class Role:
    """One who asks. `scope` is empty where every request must be answered 401."""

    name: str
    headers: Mapping[str, str]

    @property
    def scope(self) -> str:
        return SCOPES[self.name]


def make(ada: User, eve: User, run: Run) -> list[Role]:
    """`run` is the one of the token that is narrowed to a run."""
    long_ago = timezone.now() - timedelta(days=1)
    tokens = {
        "expired": token_of(ada, "admin", expires_at=long_ago),
        "viewer": token_of(ada, "viewer"),
        "agent": token_of(ada, "agent"),
        "agent of one run": token_of(ada, "agent", run=run),
        "operator": token_of(ada, "operator"),
        "operator with commands": token_of(ada, "operator", commands=True),
        "admin": token_of(ada, "admin"),
        "admin of somebody else": token_of(eve, "admin"),
    }
    headers: dict[str, Mapping[str, str]] = {name: {"Authorization": f"Bearer {text}"} for name, text in tokens.items()}
    headers |= {"nobody": {}, "owner in a browser": _browser(ada)}
    return [Role(name, headers[name]) for name in SCOPES]


def _browser(owner: User) -> Mapping[str, str]:
    client, secret = Client(), "a" * 32
    client.force_login(owner)
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    cookies = f"{settings.SESSION_COOKIE_NAME}={session}; {settings.CSRF_COOKIE_NAME}={secret}"
    return {"Cookie": cookies, "X-CSRFToken": secret}
