"""What subtasks claim: how much there is of it, and who holds it."""

from django.db import models

from runs.models.attempt import Attempt
from runs.models.run import Run
from runs.models.subtask import Subtask
from todos.plan import claims

POOL = "pool"
KINDS = [(word, word) for word in (claims.FILE, claims.API, claims.DATABASE, claims.MEMORY)]


class Resource(models.Model):
    """A limit somebody set, or the state of an API's limiter. What is null, or has no row, is as the settings say."""

    kind = models.CharField(max_length=8, choices=[*KINDS, (POOL, POOL)])
    name = models.CharField(max_length=500)
    # Connections, MiB, or subtasks of a pool that are carried out at once.
    capacity = models.PositiveIntegerField(null=True)
    per_second = models.FloatField(null=True)
    # Calls that may be made at once as of `refilled_at`; less than none when one claim was larger than the bucket.
    tokens = models.FloatField(null=True)
    refilled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "name"], name="resource_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


class Hold(models.Model):
    """A claim of a subtask under way. It is gone in the transaction that ends the attempt, whatever the end."""

    attempt = models.ForeignKey(Attempt, on_delete=models.CASCADE, related_name="holds", db_index=False)
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="+")
    subtask = models.ForeignKey(Subtask, on_delete=models.CASCADE, related_name="+", db_index=False)
    kind = models.CharField(max_length=8, choices=KINDS)
    name = models.CharField(max_length=500)
    mode = models.CharField(max_length=5)
    amount = models.PositiveIntegerField()

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["attempt", "kind", "name"], name="hold_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.name} ({self.mode})"
