"""Whom others want to be told, and what of it has still to be sent."""

from django.conf import settings
from django.db import models
from django.utils import timezone


class Webhook(models.Model):
    """An address that is told what happens in the runs of its owner."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    url = models.CharField(max_length=2_000)
    events = models.JSONField(default=list)
    secret = models.CharField(max_length=100)  # it signs, so it must be known here as it is
    created_at = models.DateTimeField(default=timezone.now)
    paused_at = models.DateTimeField(null=True)  # since when nothing is sent to it

    def __str__(self) -> str:
        return self.url


class Letter(models.Model):
    """Something to be told to a webhook, written in the transaction in which it happened: nothing is told that did not
    happen, and nothing that did is forgotten. `next_at` null: it has been taken, or given up."""

    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="letters")
    event = models.CharField(max_length=32)
    body = models.TextField()
    created_at = models.DateTimeField(default=timezone.now)
    tries = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField(null=True)
    taken_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=500, blank=True)

    class Meta:
        indexes = [models.Index(fields=["next_at"], condition=models.Q(next_at__isnull=False), name="letter_due")]

    def __str__(self) -> str:
        return f"{self.event} to {self.webhook}"
