"""What a run has to do."""

from django.db import models
from django.utils import timezone

from runs.engine import states
from runs.engine.modes import Mode
from runs.models.run import Run
from runs.models.words import pairs
from todos.models import STATUSES, Spec, Todo


class Subtask(Spec):
    """A child todo frozen into a run."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="subtasks", db_index=False)
    todo = models.ForeignKey(Todo, null=True, on_delete=models.SET_NULL, related_name="+")
    key = models.CharField(max_length=64)
    position = models.PositiveIntegerField()
    status = models.CharField(max_length=12, choices=STATUSES, default=states.Status.PENDING)
    # Who may take it: a worker of ours, an agent from outside, or whoever comes first.
    mode = models.CharField(max_length=8, choices=pairs(Mode), default=Mode.INTERNAL)
    # Dependencies that have not ended, and the barrier before its phase; it can start at 0. `not_before`: the time of
    # another try.
    unmet = models.PositiveIntegerField(default=0)
    not_before = models.DateTimeField(null=True)
    # Why it is out of the line though it could start: a word of states.Wait; what must end or change first
    # ("attempt/7", "database/main", "api/forge", "subtask/9", or "twin": the one before it that claims the same); the
    # claim it is about; when it comes back by itself; since when it has gone without what it claims, in line or not.
    waits_for = models.CharField(max_length=10, blank=True, default="")
    waits_key = models.CharField(max_length=520, blank=True, default="")
    waits_claim = models.JSONField(null=True)
    waits_until = models.DateTimeField(null=True)
    waits_since = models.DateTimeField(null=True)
    # Whose share of the machine it uses (`engine.pools.pool_of`).
    pool = models.CharField(max_length=24, default="coordination")
    # Runs alone in its run: not parallelizable, or on its last, sequential try.
    alone = models.BooleanField(default=False)
    last_try = models.BooleanField(default=False)
    # How many classes it has climbed while it waited: `priority` is where it stands now. Null in a run of one class.
    aged = models.PositiveSmallIntegerField(null=True)
    # The planner's: seconds it will take, and the longest chain of work from its start to the end.
    expected_seconds = models.FloatField(default=30)
    remaining_seconds = models.FloatField(default=30)
    # What the same work took one agent in earlier runs in which never two were at it; null: none of them tells.
    usual_seconds = models.FloatField(null=True)
    # How many times over it was added by what was added: 0 of the plan, 1 added by hand or by one of the plan; and the
    # attempt under which it was.
    depth = models.PositiveSmallIntegerField(default=0)
    added_by = models.PositiveBigIntegerField(null=True)
    # The attempt that counts is the open one with this epoch; every lease makes it one larger.
    epoch = models.PositiveIntegerField(default=0)
    attempts_used = models.PositiveSmallIntegerField(default=0)
    cancel_requested_at = models.DateTimeField(null=True)
    progress = models.FloatField(null=True)
    message = models.TextField(blank=True)
    # What its agent has asked a person while it is at it, and has no answer to yet; in a tracked run it asks in a
    # session of its own. When each agent last reported it, by id and by the agent's own clock.
    question = models.TextField(blank=True, default="")
    reported = models.JSONField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    ready_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True)
    claims = models.JSONField(null=True)  # null: unknown
    # The same for those of a run and a lane that claim just the same; empty where nothing is claimed.
    claims_group = models.CharField(max_length=32, blank=True, default="")
    result = models.JSONField(null=True)
    result_digest = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering = ["run", "position"]
        constraints = [models.UniqueConstraint(fields=["run", "key"], name="subtask_key_unique_in_run")]
        indexes = [
            models.Index(fields=["run", "position"], name="subtask_in_order"),
            models.Index(fields=["run", "status", "position"], name="subtask_by_status"),
            models.Index(
                fields=["run", "phase", "status"], condition=models.Q(phase__isnull=False), name="subtask_by_phase"
            ),
            # Dispatch: what can start, by priority, then the longest remaining path, then the order it was written in.
            # The pool is in it for passing over those of a full one without reading their rows.
            models.Index(
                "run",
                "lane",
                "priority",
                models.F("remaining_seconds").desc(),
                "position",
                "pool",
                condition=models.Q(status="pending", unmet=0, not_before=None, waits_for=""),
                name="subtask_ready_by_rank",
            ),
            # Who has stood in line for long, class by class.
            models.Index(
                fields=["run", "aged", "priority", "ready_at"],
                condition=models.Q(status="pending", unmet=0, not_before=None, waits_for="", aged__isnull=False),
                name="subtask_by_age",
            ),
            # Whoever waits for what has ended or changed now; whoever's time has come; whoever has waited for long.
            models.Index(
                fields=["waits_key"],
                condition=models.Q(waits_for__in=["rate_limit", "resource"]),
                name="subtask_waits_key",
            ),
            models.Index(
                fields=["waits_until"], condition=models.Q(waits_until__isnull=False), name="subtask_waits_until"
            ),
            models.Index(
                fields=["waits_since"],
                condition=models.Q(waits_since__isnull=False) & ~models.Q(waits_key="twin"),
                name="subtask_waits_since",
            ),
            # Those that claim the same, by rank: the first of them waits for what is in the way, the others for it.
            models.Index(
                "claims_group",
                "waits_key",
                "priority",
                models.F("remaining_seconds").desc(),
                "position",
                condition=models.Q(status="pending", unmet=0) & ~models.Q(claims_group=""),
                name="subtask_twins",
            ),
            models.Index(
                fields=["not_before"],
                condition=models.Q(status="pending", not_before__isnull=False),
                name="subtask_delayed",
            ),
        ]

    def __str__(self) -> str:
        return self.key

    @property
    def asked_priority(self) -> int:
        """What its todo said."""
        return self.priority + (self.aged or 0)


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
