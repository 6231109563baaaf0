"""What a run makes of the results of a parent's children."""

from django.db import models

from runs.models.run import Run


class Aggregate(models.Model):
    """A parent of the todo of a run that puts results together, frozen with it; the top of the run has the key "".

    `parts`: keys of its children, in order: subtasks, and parents that have an aggregate of their own; a parent without
    one stands for its children. `subtask`: the one that reduces. The rest is known when the run has ended: the result,
    how many of the parts it was made of, and why there is none.
    """

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="aggregates", db_index=False)
    position = models.PositiveIntegerField()  # the deepest first
    key = models.CharField(max_length=64, blank=True)
    content = models.TextField()
    spec = models.JSONField()
    parts = models.JSONField()
    subtask = models.CharField(max_length=64, blank=True)
    result = models.JSONField(null=True)
    completed = models.PositiveIntegerField(null=True)
    error = models.TextField(blank=True)

    class Meta:
        ordering = ["run", "position"]
        constraints = [models.UniqueConstraint(fields=["run", "position"], name="aggregate_in_order")]

    def __str__(self) -> str:
        return self.key or self.content
