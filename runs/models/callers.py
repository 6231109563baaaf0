"""Whoever calls: tokens, links to sign in, agents, and the answers they got."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from runs.models.words import Scope


class Token(models.Model):
    """A bearer token. Only its SHA-256 is stored; it is shown once, when it is made. With an `attempt` it was lent to
    the agent of that one, and counts while the attempt does."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=200)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    scope = models.CharField(max_length=8, choices=Scope.choices)
    commands = models.BooleanField(default=False, help_text="may make subtasks that run commands or reach the network")
    run = models.ForeignKey("Run", null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    attempt = models.ForeignKey(
        "Attempt", null=True, blank=True, editable=False, on_delete=models.CASCADE, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.name} ({self.scope})"


class LoginLink(models.Model):
    """A link that signs in its user once, within ten minutes. Only the digest of its secret is stored."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    digest = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"login link of {self.user}"


class Agent(models.Model):
    """Whoever does attempts. An embedded worker belongs to the server; any other to the token it registered with."""

    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=64, default="embedded")
    token = models.ForeignKey(Token, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.CASCADE, related_name="children")
    depth = models.PositiveSmallIntegerField(default=1)  # 1 without a parent
    capabilities = models.JSONField(default=list, blank=True)
    lanes = models.JSONField(default=list, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    last_beat_at = models.DateTimeField(default=timezone.now)
    retired_at = models.DateTimeField(null=True, blank=True)
    # A person knows that it has lost what it was at, up to then.
    dismissed_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["token", "name"], name="agent_name_once_per_token"),
            models.UniqueConstraint(
                fields=["name"], condition=models.Q(token=None), name="agent_name_once_in_the_server"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Session(models.Model):
    """What an agent outside calls its session: the run that shows it, and what is remembered of it between reports.

    `principal` is whose it is (`Principal.name`), `state` what reading the next list or hook needs to know.
    """

    principal = models.CharField(max_length=64)
    name = models.CharField(max_length=200)
    run = models.ForeignKey("Run", null=True, on_delete=models.SET_NULL, related_name="+")
    state = models.JSONField(default=dict)
    heard_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["principal", "name"], name="session_once")]

    def __str__(self) -> str:
        return self.name


class IdempotencyKey(models.Model):
    """The answer a POST got, so that the same POST again gets the same."""

    principal = models.CharField(max_length=64)
    key = models.CharField(max_length=200)
    digest = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField()
    body = models.BinaryField()
    content_type = models.CharField(max_length=100)
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["principal", "key"], name="idempotency_key_once")]

    def __str__(self) -> str:
        return self.key
