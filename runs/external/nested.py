"""Agents that our workers carry out, as callers of this server: each is lent a token with its attempt.

The token is of the scope `agent`, narrowed to the run, and counts while the attempt does: for as long as the lease
holds and no longer, whoever ends it. With it the agent adds subtasks under its attempt, has agents of its own below the
worker that carries it out, leases for them, and hears what it is told.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from runs import tokens
from runs.api import authentication
from runs.executors.base import Failed, Job
from runs.executors.redact import Redacted, Redactor
from runs.models import Agent, Attempt, Delivery, Scope, Token

log = logging.getLogger(__name__)

SPARE = timedelta(minutes=1)  # the lease ends it sooner; this is for who puts clocks back


@contextmanager
def lending(job: Job) -> Iterator[Redactor | None]:
    """Lends a nested agent its token, for as long as this lasts; gives what knows it, for all that is stored.

    Any other job is let be. Raises Failed where the agent could not reach this server.
    """
    if not (job.spec.get("name") == "agent" and job.spec.get("nested")):
        yield None
        return
    _refuse_unreachable()
    token = _lend(job)
    redactor = Redactor(frozenset({token}))
    job.lent = {"ABREAST_URL": settings.AGENT_URL, "ABREAST_TOKEN": token}
    job.output = Redacted(job.output, redactor)
    try:
        yield redactor
    finally:
        job.lent = {}
        _take_back(token)


def _refuse_unreachable() -> None:
    if not settings.AGENT_NETWORK:
        raise Failed("a nested agent needs the server's network (ABREAST_AGENT_NETWORK=1)", retryable=False)
    if not settings.AGENT_URL:
        raise Failed("a nested agent has to know where the server is (ABREAST_URL)", retryable=False)


def _lend(job: Job) -> str:
    try:
        with transaction.atomic():
            attempt = Attempt.objects.select_related("run__owner").get(pk=job.attempt)
            return tokens.make(
                attempt.run.owner,
                f"agent of {job.key}"[:200],
                scope=Scope.AGENT,
                commands=job.spec["nested"] == "commands",
                run=attempt.run,
                attempt=attempt.pk,
                expires_at=timezone.now() + timedelta(seconds=job.timeout_seconds) + SPARE,
            )
    finally:
        connection.close()


def _take_back(text: str) -> None:
    """Ends the token, the agents that came by it, and what their worker was yet to be told. Where nothing can be
    written just now the token ends with the attempt."""
    now = timezone.now()
    try:
        with transaction.atomic():
            token = Token.objects.select_related("attempt").get(digest=tokens.digest(text))
            Agent.objects.filter(token=token, retired_at=None).update(retired_at=now)
            if token.attempt is not None:
                Delivery.objects.filter(agent=token.attempt.agent_id).delete()
            authentication.tokens.revoke(token, now)
    except DatabaseError:
        log.exception("a lent token could not be taken back, and ends with its attempt")
    finally:
        connection.close()
