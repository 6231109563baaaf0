"""Bearer tokens and login links: made here, shown once, stored as digests only."""

import hashlib
import re
import secrets
from datetime import datetime, timedelta

from django.contrib.auth.models import AbstractBaseUser, User
from django.db.models import QuerySet

from runs.engine import states
from runs.models import LoginLink, Run, Scope, Token

LINK_LIFETIME = timedelta(minutes=10)
UNUSED_FOR = timedelta(days=1)
LETTERS = {Scope.VIEWER: "v", Scope.AGENT: "a", Scope.OPERATOR: "o", Scope.ADMIN: "d"}
FORM = re.compile(rf"abr_[{''.join(LETTERS.values())}]_[A-Za-z0-9_-]{{43}}")


def digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def make(
    owner: AbstractBaseUser,
    name: str,
    *,
    scope: str,
    commands: bool = False,
    run: Run | None = None,
    attempt: int | None = None,
    expires_at: datetime | None = None,
) -> str:
    """Makes a token; its text, which nobody can tell later."""
    text = f"abr_{LETTERS[Scope(scope)]}_{secrets.token_urlsafe(32)}"
    Token.objects.create(
        owner_id=owner.pk,
        name=name,
        digest=digest(text),
        scope=scope,
        commands=commands or scope == Scope.ADMIN,
        run=run,
        attempt_id=attempt,
        expires_at=expires_at,
    )
    return text


def revoke_unused(owner: AbstractBaseUser, name: str, now: datetime) -> int:
    """Revokes tokens of this name that nobody has used for a day since they were made; how many."""
    unused = Token.objects.filter(owner_id=owner.pk, name=name, last_used_at=None, revoked_at=None)
    return unused.filter(created_at__lt=now - UNUSED_FOR).update(revoked_at=now)


def make_login_link(user: AbstractBaseUser, now: datetime) -> str:
    """The secret of a link that signs `user` in once, within ten minutes."""
    secret = secrets.token_urlsafe(32)
    LoginLink.objects.create(user_id=user.pk, digest=digest(secret), expires_at=now + LINK_LIFETIME)
    return secret


def redeem(secret: str, now: datetime) -> User | None:
    """Uses a link up; its user, or None when it was used, is too old, or never was. One caller gets the user."""
    link = LoginLink.objects.filter(digest=digest(secret))
    # No condition on the user here: a join would move the others into a subquery, where they guard nothing.
    if not link.filter(used_at=None, expires_at__gt=now).update(used_at=now):
        return None
    user = link.select_related("user").get().user
    return user if user.is_active else None


def owner() -> User:
    """The first superuser; made as `owner`, without a usable password, when there is none."""
    found = User.objects.filter(is_superuser=True, is_active=True).order_by("pk").first()
    return found or User.objects.create_superuser("owner")


def lent_now() -> QuerySet[Token]:
    """The tokens that agents under way were lent with their attempts."""
    return Token.objects.filter(attempt__isnull=False, attempt__status__in=states.ATTEMPT_OPEN, revoked_at=None)
