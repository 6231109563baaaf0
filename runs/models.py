"""How work gets done: runs of frozen subtasks, attempts under leases, the event log, agents and their tokens.

Columns that say where something stands (status, epoch, counters) are written by `runs/transitions.py` alone.
"""

from enum import StrEnum

from django.conf import settings
from django.db import models
from django.utils import timezone

from runs.engine import states
from todos.models import STATUSES, Spec, Todo


def _words(enum: type[StrEnum]) -> list[tuple[str, str]]:
    return [(word, word.replace("_", " ")) for word in enum]


class Backend(models.TextChoices):
    EMBEDDED = "embedded"
    CELERY = "celery"
    EXTERNAL = "external"
    TRACKED = "tracked"


class Strategy(models.TextChoices):
    AUTO = "auto"
    PARALLEL = "parallel"
    HYBRID = "hybrid"
    SEQUENTIAL = "sequential"


class Scope(models.TextChoices):
    """What a token may do. An agent's rights are not part of an operator's: it leases and reports."""

    VIEWER = "viewer"
    AGENT = "agent"
    OPERATOR = "operator"
    ADMIN = "admin"


class Token(models.Model):
    """A bearer token. Only its SHA-256 is stored; it is shown once, when it is made."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=200)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    scope = models.CharField(max_length=8, choices=Scope.choices)
    commands = models.BooleanField(default=False, help_text="may make subtasks that run commands or reach the network")
    run = models.ForeignKey("Run", null=True, blank=True, on_delete=models.CASCADE, related_name="+")
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
    depth = models.PositiveSmallIntegerField(default=0)
    capabilities = models.JSONField(default=list, blank=True)
    lanes = models.JSONField(default=list, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    last_beat_at = models.DateTimeField(default=timezone.now)
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["token", "name"], name="agent_name_once_per_token"),
            models.UniqueConstraint(
                fields=["name"], condition=models.Q(token=None), name="agent_name_once_in_the_server"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Run(models.Model):
    """One execution of a parent todo. It survives the todo: title and plan are copied.

    The counters below are kept, not counted: each transition moves them in its own transaction (`verify` proves it).
    """

    todo = models.ForeignKey(Todo, null=True, on_delete=models.SET_NULL, related_name="+")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    made_by = models.ForeignKey(Token, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    content = models.TextField()
    status = models.CharField(max_length=10, choices=_words(states.Run), default=states.Run.PENDING)
    end_reason = models.CharField(max_length=10, blank=True)
    backend = models.CharField(max_length=8, choices=Backend.choices, default=Backend.EMBEDDED)
    strategy = models.CharField(max_length=10, choices=Strategy.choices, default=Strategy.PARALLEL)
    reason = models.TextField(blank=True)
    max_agents = models.PositiveSmallIntegerField(default=4)
    lanes = models.JSONField(default=dict, blank=True)
    fail_fast = models.BooleanField(default=False)
    barriers = models.BooleanField(default=False)
    budget = models.JSONField(default=dict, blank=True)
    retry_of = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    baseline_of = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    cancel_requested_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField(default=timezone.now)
    # What the plan said, in seconds: all work, the longest chain, and the highest possible speedup that follows.
    work_seconds = models.FloatField(default=0)
    critical_path_seconds = models.FloatField(default=0)
    theoretical_speedup = models.FloatField(null=True)

    # ---- the event log: seq runs from trim_seq + 1 to last_seq without a gap ----
    last_seq = models.PositiveBigIntegerField(default=0)
    trim_seq = models.PositiveBigIntegerField(default=0)

    # ---- kept counters: subtasks by status; their sum is total ----
    total = models.PositiveIntegerField(default=0)
    pending = models.PositiveIntegerField(default=0)
    in_progress = models.PositiveIntegerField(default=0)
    completed = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    cancelled = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0)
    # Pending subtasks that wait for others, and for the time of another try; the rest can start.
    blocked = models.PositiveIntegerField(default=0)
    delayed = models.PositiveIntegerField(default=0)
    # Open attempts by lane, those that run alone, and the agents that have any.
    open_query = models.PositiveIntegerField(default=0)
    open_execute = models.PositiveIntegerField(default=0)
    open_alone = models.PositiveIntegerField(default=0)
    # Subtasks in progress that have been asked to stop.
    stopping = models.PositiveIntegerField(default=0)
    agents_active = models.PositiveIntegerField(default=0)
    retries = models.PositiveIntegerField(default=0)
    losses = models.PositiveIntegerField(default=0)

    # ---- kept sums, in seconds ----
    # Expected work of all subtasks, and of those that have ended: progress is their quotient.
    expected_total = models.FloatField(default=0)
    expected_ended = models.FloatField(default=0)
    # Busy time is that of ended attempts plus, for open ones, their number × now − the sum of their starts.
    busy_ended = models.FloatField(default=0)
    open_started_sum = models.FloatField(default=0)
    # Measured time of completed subtasks; overhead from "could start" to started plus finished to recorded.
    work_done = models.FloatField(default=0)
    overhead_sum = models.FloatField(default=0)
    overhead_count = models.PositiveIntegerField(default=0)
    input_tokens = models.PositiveBigIntegerField(default=0)
    output_tokens = models.PositiveBigIntegerField(default=0)
    cost = models.FloatField(default=0)

    result = models.JSONField(null=True)

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["owner", "-id"], name="run_newest_of_owner"),
            models.Index(fields=["todo", "-id"], name="run_newest_of_todo"),
            # The sweep reads the runs that have not ended, each second.
            models.Index(
                fields=["status"], condition=models.Q(status__in=["pending", "running", "paused"]), name="run_unended"
            ),
        ]

    def __str__(self) -> str:
        return self.content if len(self.content) <= 80 else self.content[:79] + "…"


class Subtask(Spec):
    """A child todo frozen into a run."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="subtasks", db_index=False)
    todo = models.ForeignKey(Todo, null=True, on_delete=models.SET_NULL, related_name="+")
    key = models.CharField(max_length=64)
    position = models.PositiveIntegerField()
    status = models.CharField(max_length=12, choices=STATUSES, default=states.Status.PENDING)
    # Dependencies that have not ended; it can start at 0. `not_before`: the time of another try.
    unmet = models.PositiveIntegerField(default=0)
    not_before = models.DateTimeField(null=True)
    # Runs alone in its run: not parallelizable, or on its last, sequential try.
    alone = models.BooleanField(default=False)
    last_try = models.BooleanField(default=False)
    # The planner's: seconds it will take, and the longest chain of work from its start to the end.
    expected_seconds = models.FloatField(default=30)
    remaining_seconds = models.FloatField(default=30)
    # The attempt that counts is the open one with this epoch; every lease makes it one larger.
    epoch = models.PositiveIntegerField(default=0)
    attempts_used = models.PositiveSmallIntegerField(default=0)
    cancel_requested_at = models.DateTimeField(null=True)
    progress = models.FloatField(null=True)
    message = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    ready_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True)
    claims = models.JSONField(null=True)
    result = models.JSONField(null=True)
    result_digest = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering = ["run", "position"]
        constraints = [models.UniqueConstraint(fields=["run", "key"], name="subtask_key_unique_in_run")]
        indexes = [
            models.Index(fields=["run", "position"], name="subtask_in_order"),
            models.Index(fields=["run", "status", "position"], name="subtask_by_status"),
            # Dispatch: what can start, by priority, then the longest remaining path, then the order it was written in.
            models.Index(
                "run",
                "lane",
                "priority",
                models.F("remaining_seconds").desc(),
                "position",
                condition=models.Q(status="pending", unmet=0, not_before=None),
                name="subtask_ready_by_rank",
            ),
            models.Index(
                fields=["not_before"],
                condition=models.Q(status="pending", not_before__isnull=False),
                name="subtask_delayed",
            ),
        ]

    def __str__(self) -> str:
        return self.key


class SubtaskDependency(models.Model):
    """`after` may start when `before` has ended well."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="+")
    before = models.ForeignKey(Subtask, on_delete=models.CASCADE, related_name="needed_by")
    after = models.ForeignKey(Subtask, on_delete=models.CASCADE, related_name="needs", db_index=False)

    class Meta:
        verbose_name_plural = "subtask dependencies"
        constraints = [models.UniqueConstraint(fields=["after", "before"], name="subtask_dependency_once")]

    def __str__(self) -> str:
        return f"{self.after} needs {self.before}"


class Attempt(models.Model):
    """One try of one subtask by one agent, under a lease. `epoch` is its fencing number within the subtask."""

    # The indexes below begin with run, subtask and agent; a write should not keep the same order twice.
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="+", db_index=False)
    subtask = models.ForeignKey(Subtask, on_delete=models.CASCADE, related_name="attempts", db_index=False)
    epoch = models.PositiveIntegerField()
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="+")
    token = models.ForeignKey(Token, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False)
    status = models.CharField(max_length=10, choices=_words(states.Attempt), default=states.Attempt.LEASED)
    leased_at = models.DateTimeField()
    lease_expires_at = models.DateTimeField()
    last_beat_at = models.DateTimeField()
    deadline_at = models.DateTimeField()
    # When the subtask could have started: it was ready and the agent was free.
    available_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
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


class Leader(models.Model):
    """Who sweeps. `epoch` grows with every change of holder, so a leader that was away can tell it is one no more."""

    name = models.CharField(max_length=32, unique=True)
    holder = models.CharField(max_length=200)
    epoch = models.PositiveBigIntegerField(default=1)
    expires_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name}: {self.holder}"
