"""What agents are told: commands, and who has not taken note of them yet."""

from django.db import models
from django.utils import timezone

from runs.models.callers import Agent
from runs.models.words import Order


class Command(models.Model):
    """Something to be told to one agent, or to all of a run."""

    command = models.CharField(max_length=8, choices=Order.choices)
    priority = models.PositiveSmallIntegerField(default=3)
    data = models.JSONField(null=True)
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.command} {self.pk}"


class Delivery(models.Model):
    """A command that this agent has still to be told, again and again until it says that it knows."""

    command = models.ForeignKey(Command, on_delete=models.CASCADE, related_name="deliveries")
    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="+", db_index=False)

    class Meta:
        verbose_name_plural = "deliveries"
        constraints = [models.UniqueConstraint(fields=["agent", "command"], name="command_once_per_agent")]

    def __str__(self) -> str:
        return f"{self.command} for {self.agent}"
