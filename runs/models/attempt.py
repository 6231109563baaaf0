"""What was tried, by whom, and what happened."""

from django.db import models

from runs.engine import states
from runs.models.callers import Agent, Token
from runs.models.run import Run
from runs.models.subtask import Subtask
from runs.models.words import pairs


class Attempt(models.Model):
    """One try of one subtask by one agent, under a lease. `epoch` is its fencing number within the subtask."""

    # The indexes below begin with run, subtask and agent; a write should not keep the same order twice.
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="+", db_index=False)
    subtask = models.ForeignKey(Subtask, on_delete=models.CASCADE, related_name="attempts", db_index=False)
    epoch = models.PositiveIntegerField()
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="+")
    token = models.ForeignKey(Token, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False)
    status = models.CharField(max_length=10, choices=pairs(states.Attempt), default=states.Attempt.LEASED)
    leased_at = models.DateTimeField()
    # Null where the agent reports work of its own: it has no lease, and no time it must be over by.
    lease_expires_at = models.DateTimeField(null=True)
    last_beat_at = models.DateTimeField()
    deadline_at = models.DateTimeField(null=True)
    # When the subtask could have started: it was ready and the agent was free.
    available_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    # What the work would have taken alone, where that is known to be less than it took.
    worked_seconds = models.FloatField(null=True)
    # Since when its agent waits for a person's answer, and the seconds of such waits that are over: no time at work.
    asked_at = models.DateTimeField(null=True)
    asked_seconds = models.FloatField(default=0)
    progress = models.FloatField(null=True)
    message = models.TextField(blank=True)
    waits_for = models.CharField(max_length=10, blank=True)
    iterations = models.PositiveSmallIntegerField(default=0)
    error = models.TextField(blank=True)
    warning = models.TextField(blank=True)
    partial_result = models.JSONField(null=True)
    input_tokens = models.PositiveBigIntegerField(default=0)
    output_tokens = models.PositiveBigIntegerField(default=0)
    cost = models.FloatField(default=0)
    # Output as stored: bytes on disk, whether more came than is kept, SHA-256 of what is kept.
    output_bytes = models.PositiveBigIntegerField(default=0)
    output_truncated = models.BooleanField(default=False)
    output_digest = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["subtask", "epoch"], name="attempt_epoch_once")]
        indexes = [
            models.Index(fields=["run", "agent"], name="attempt_by_agent"),
            # What somebody's agents have leased.
            models.Index(fields=["token", "run"], condition=models.Q(token__isnull=False), name="attempt_by_token"),
            # The sweep: open attempts whose lease has run out.
            models.Index(
                fields=["lease_expires_at"],
                condition=models.Q(status__in=["leased", "running"]),
                name="attempt_open_by_lease",
            ),
        ]

    def __str__(self) -> str:
        return f"attempt {self.epoch} of {self.subtask}"


class RunAgent(models.Model):
    """What one agent did in one run: kept by the transitions, a row of the timeline."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="agents", db_index=False)
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="+")
    open = models.PositiveIntegerField(default=0)
    completed = models.PositiveIntegerField(default=0)
    unsuccessful = models.PositiveIntegerField(default=0)
    busy_seconds = models.FloatField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "agent"], name="run_agent_once")]

    def __str__(self) -> str:
        return f"{self.agent} in {self.run}"


class Event(models.Model):
    """One line of a run's history. `seq` has no gap within a run; `before` and `after` are the subtask's states."""

    pk = models.CompositePrimaryKey("run_id", "seq")
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="+", db_index=False)
    seq = models.PositiveBigIntegerField()
    topic = models.CharField(max_length=8)
    kind = models.CharField(max_length=24)
    subtask_id = models.PositiveBigIntegerField(null=True)
    attempt_id = models.PositiveBigIntegerField(null=True)
    epoch = models.PositiveIntegerField(null=True)
    agent_id = models.PositiveBigIntegerField(null=True)
    before = models.CharField(max_length=12, blank=True)
    after = models.CharField(max_length=12, blank=True)
    at = models.DateTimeField()
    data = models.JSONField(null=True)

    class Meta:
        indexes = [models.Index(fields=["subtask_id", "seq"], name="event_of_subtask")]

    def __str__(self) -> str:
        return f"{self.seq} {self.kind}"
