"""One execution of a todo, and who leads the sweep over all of them."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from runs.engine import states
from runs.models.callers import Token
from runs.models.words import Backend, Strategy, pairs
from todos.models import Todo


class Run(models.Model):
    """One execution of a parent todo. It survives the todo: title and plan are copied.

    The counters below are kept, not counted: each transition moves them in its own transaction (`verify` proves it).
    """

    todo = models.ForeignKey(Todo, null=True, on_delete=models.SET_NULL, related_name="+")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    made_by = models.ForeignKey(Token, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    content = models.TextField()
    status = models.CharField(max_length=10, choices=pairs(states.Run), default=states.Run.PENDING)
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
    rollback_of = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    # Set while it is paused with nobody at work; the seconds of all such stretches that are over: no time of the run.
    # And when it was last resumed: before that nothing could start.
    paused_at = models.DateTimeField(null=True)
    paused_seconds = models.FloatField(default=0)
    resumed_at = models.DateTimeField(null=True)
    # The same of time in which all that was left waited for a person's answer (null: nobody counted).
    person_at = models.DateTimeField(null=True)
    person_seconds = models.FloatField(null=True, default=0)
    cancel_requested_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField(default=timezone.now)
    # Behind barriers: the phase under way, and when the next begins even if this one has not ended.
    phase = models.PositiveIntegerField(null=True)
    barrier_until = models.DateTimeField(null=True)
    # Whether its subtasks have different priorities, so that they may climb.
    ranked = models.BooleanField(default=False)
    # What the plan said, in seconds: all work, the longest chain, and the highest possible speedup that follows.
    work_seconds = models.FloatField(default=0)
    critical_path_seconds = models.FloatField(default=0)
    theoretical_speedup = models.FloatField(null=True)
    # What of the plan may keep subtasks apart (`engine.serial.shape_of`).
    shape = models.JSONField(default=dict, blank=True)
    # Whether it takes fewer agents when they slow each other down; how many it takes now (null: all it asked for), and
    # the steps that led there: how many, when the last was, and how slow they were.
    adaptive = models.BooleanField(default=False)
    agents_allowed = models.PositiveSmallIntegerField(null=True)
    agents_steps = models.PositiveIntegerField(default=0)
    agents_slowdown = models.FloatField(null=True)
    # How long a sequential run of the same subtasks took.
    baseline_seconds = models.FloatField(null=True)
    # Of tracked work: when its agents were last heard, and until when it stays open for more once all has ended.
    heard_at = models.DateTimeField(null=True)
    open_until = models.DateTimeField(null=True)
    # When it is expected to be over, within which times, and how likely those hold: written by
    # `runs/estimating/live.py` alone, beside the log, for nothing follows from them. They count while it is running.
    eta_at = models.DateTimeField(null=True)
    eta_low_at = models.DateTimeField(null=True)
    eta_high_at = models.DateTimeField(null=True)
    eta_confidence = models.FloatField(null=True)

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
    # Pending subtasks that wait for others (at_barrier of them for their phase to begin), for the time of another try,
    # for what others hold, for the limiter of an API, and for an agent from outside, which alone may take them; the
    # rest can start.
    blocked = models.PositiveIntegerField(default=0)
    at_barrier = models.PositiveIntegerField(default=0)
    delayed = models.PositiveIntegerField(default=0)
    held_back = models.PositiveIntegerField(default=0)
    rate_limited = models.PositiveIntegerField(default=0)
    outside = models.PositiveIntegerField(default=0)
    # Subtasks that start after other ends than good ones. In a run without any, nothing is looked up.
    conditional = models.PositiveIntegerField(default=0)
    # Subtasks that claim something. In a run without any, nothing is looked up.
    claiming = models.PositiveIntegerField(default=0)
    # Subtasks that ask a person, and those of them that wait for the answer: in progress, with no agent at work.
    approvals = models.PositiveIntegerField(default=0)
    asking = models.PositiveIntegerField(default=0)
    # Subtasks in progress whose agent has asked a person something.
    questions = models.PositiveIntegerField(default=0)
    # Open attempts by lane, those that may claim anything, those that run alone, and the agents that have any.
    open_query = models.PositiveIntegerField(default=0)
    open_execute = models.PositiveIntegerField(default=0)
    open_undeclared = models.PositiveIntegerField(default=0)
    open_alone = models.PositiveIntegerField(default=0)
    # The most attempts that were ever open at once (null: nobody counted), and how many began beside another.
    peak_open = models.PositiveIntegerField(null=True, default=0)
    overlapped = models.PositiveIntegerField(default=0)
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
    # Time that completed subtasks would have taken alone, as measured here; overhead from "could start" to started plus
    # finished to recorded.
    work_done = models.FloatField(default=0)
    # Of those of them of which earlier runs tell: what one agent took for them then (null: nobody counted), and the
    # part of `work_done` that is theirs.
    usual_work = models.FloatField(null=True, default=0)
    usual_took = models.FloatField(default=0)
    overhead_sum = models.FloatField(default=0)
    overhead_count = models.PositiveIntegerField(default=0)
    input_tokens = models.PositiveBigIntegerField(default=0)
    output_tokens = models.PositiveBigIntegerField(default=0)
    cost = models.FloatField(default=0)

    result = models.JSONField(null=True)
    # What the result was made of, when its todo puts the results of its subtasks together: kind, of, completed, error.
    aggregate = models.JSONField(null=True)

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


class Leader(models.Model):
    """Who sweeps. `epoch` grows with every change of holder, so a leader that was away can tell it is one no more."""

    name = models.CharField(max_length=32, unique=True)
    holder = models.CharField(max_length=200)
    epoch = models.PositiveBigIntegerField(default=1)
    expires_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name}: {self.holder}"
