"""What the settings page shows: who was heard of last, and what to paste so that an agent is heard."""

from dataclasses import dataclass
from datetime import datetime

from runs.models import Run, Session, Token

MAX_NAME = 200
SENT = {"hooks": "Claude Code", "reports": "Reports"}  # by what a session remembers of it


@dataclass(frozen=True, slots=True)
class LastHeard:
    """The last sign of an agent. `session` is empty for a token that was used in another way; `sent`: what came."""

    at: datetime
    token: str
    session: str = ""
    sent: str = ""
    run: Run | None = None


def last_heard(owner_id: int, token_id: int | None = None) -> LastHeard | None:
    """Of all tokens that may report, or of one: its last session, else its last use (known to a minute)."""
    tokens = Token.objects.filter(owner=owner_id).exclude(scope="viewer")
    if token_id is not None:
        tokens = tokens.filter(pk=token_id)
    names = {f"token:{number}": name for number, name in tokens.values_list("pk", "name")}
    session = Session.objects.filter(principal__in=names).select_related("run").order_by("-heard_at").first()
    used = tokens.filter(last_used_at__isnull=False).order_by("-last_used_at").first()
    if session is not None:
        sent = next((words for name, words in SENT.items() if session.state.get(name)), "A todo list")
        return LastHeard(session.heard_at, names[session.principal], session.name, sent, session.run)
    if used is not None and used.last_used_at is not None:
        return LastHeard(used.last_used_at, used.name)
    return None


def wrong_name(name: str) -> str:
    """What is wrong with the name of a token; empty when nothing is."""
    if not name:
        return "a token needs a name"
    if len(name) > MAX_NAME:
        return f"a name has {MAX_NAME} characters at most"
    return "" if name.isprintable() else "a name is one line of text"
