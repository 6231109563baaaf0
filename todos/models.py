"""What should be done: todos in trees, what they depend on, what they claim."""

from typing import Any

from django.conf import settings
from django.db import models

from todos.plan.words import Lane, Status, When

STATUSES = [(word, word.replace("_", " ")) for word in Status]
LANES = [(word, word) for word in Lane]
WHENS = [(word, word) for word in When]


class Spec(models.Model):
    """How one piece of work is to be done. A todo has one that may change; a subtask of a run has a frozen copy."""

    content = models.TextField()
    priority = models.PositiveSmallIntegerField(default=3)
    executor = models.JSONField(null=True, blank=True)
    lane = models.CharField(max_length=8, choices=LANES, blank=True)
    phase = models.PositiveIntegerField(null=True, blank=True)
    estimated_seconds = models.FloatField(null=True, blank=True)
    timeout_seconds = models.FloatField(null=True, blank=True)
    max_retries = models.PositiveSmallIntegerField(null=True, blank=True)
    max_iterations = models.PositiveSmallIntegerField(null=True, blank=True)
    complexity = models.FloatField(default=0.5)
    parallelizable = models.BooleanField(default=True)
    assigned_agent = models.CharField(max_length=200, blank=True)
    inputs = models.JSONField(null=True, blank=True)
    rollback = models.JSONField(null=True, blank=True)
    verify = models.JSONField(null=True, blank=True)
    # The column has another name, for WHEN is a word of SQL.
    when = models.CharField(max_length=7, choices=WHENS, default=When.SUCCESS, db_column="starts_when")

    class Meta:
        abstract = True

    @classmethod
    def spec_fields(cls) -> list[str]:
        return [field.name for field in Spec._meta.get_fields()]

    def spec(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.spec_fields()}


class Todo(Spec):
    """Something to do. A todo without a parent is a root; all below it share its `root` and have keys unique there."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    root = models.ForeignKey("self", null=True, blank=True, on_delete=models.CASCADE, related_name="all_below")
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.CASCADE, related_name="subtasks")
    position = models.PositiveIntegerField(default=0)
    key = models.CharField(max_length=64, blank=True)
    status = models.CharField(max_length=12, choices=STATUSES, default=Status.PENDING)
    # Resources left out means unknown; claims with none recorded means "claims nothing".
    resources_known = models.BooleanField(default=False)
    # How the results of what is below become one result; a leaf does nothing with it.
    aggregate = models.JSONField(null=True, blank=True)
    # Leaves below by status, kept by actions.roll_up; {} on a leaf.
    counts = models.JSONField(default=dict, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["root", "key"], name="todo_key_unique_in_tree"),
            models.CheckConstraint(condition=models.Q(priority__range=(1, 5)), name="todo_priority_1_to_5"),
        ]
        indexes = [
            models.Index(fields=["parent", "position"], name="todo_children_in_order"),
            # The list of roots, newest first, is read on every visit of the todos page.
            models.Index(fields=["owner", "-id"], condition=models.Q(parent=None), name="todo_roots"),
        ]

    def __str__(self) -> str:
        return self.content if len(self.content) <= 80 else self.content[:79] + "…"

    @property
    def tree_id(self) -> int:
        """The id of the root of the tree it is in."""
        return self.root_id or self.pk


class Dependency(models.Model):
    """`after` may start when `before` is done (a parent is done when its leaves are)."""

    before = models.ForeignKey(Todo, on_delete=models.CASCADE, related_name="needed_by")
    after = models.ForeignKey(Todo, on_delete=models.CASCADE, related_name="needs")

    class Meta:
        verbose_name_plural = "dependencies"
        constraints = [
            models.UniqueConstraint(fields=["after", "before"], name="todo_dependency_once"),
            models.CheckConstraint(condition=~models.Q(after=models.F("before")), name="todo_not_on_itself"),
        ]

    def __str__(self) -> str:
        return f"{self.after} needs {self.before}"


class Claim(models.Model):
    """A resource that doing a todo needs: a file or glob, calls of an API, database connections, MiB of memory."""

    KINDS = [(word, word) for word in ("file", "api", "database", "memory")]
    MODES = [("read", "read (shared)"), ("write", "write (exclusive)")]

    todo = models.ForeignKey(Todo, on_delete=models.CASCADE, related_name="claims")
    kind = models.CharField(max_length=8, choices=KINDS)
    name = models.CharField(max_length=500)
    mode = models.CharField(max_length=5, choices=MODES, default="write")
    amount = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["todo", "kind", "name"], name="todo_claim_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.name} ({self.mode})"
