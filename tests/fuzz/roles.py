"""Who asks: everybody that docs/api.md knows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

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


def make(name: str, ada: User, eve: User, shared: Run) -> Role:
    """A new token of this role. `shared` is the run of one that is narrowed to a run."""
    if name == "nobody":
        return Role(name, {})
    if name == "owner in a browser":
        return Role(name, _browser(ada))
    owner = eve if name == "admin of somebody else" else ada
    more: dict[str, dict[str, Any]] = {
        "expired": {"expires_at": timezone.now() - timedelta(days=1)},
        "agent of one run": {"run": shared},
        "operator with commands": {"commands": True},
    }
    text = token_of(owner, SCOPES[name] or "admin", **more.get(name, {}))
    return Role(name, {"Authorization": f"Bearer {text}"})


def _browser(owner: User) -> Mapping[str, str]:
    client, secret = Client(), "a" * 32
    client.force_login(owner)
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    cookies = f"{settings.SESSION_COOKIE_NAME}={session}; {settings.CSRF_COOKIE_NAME}={secret}"
    return {"Cookie": cookies, "X-CSRFToken": secret}
