"""What was expected of a run, so that it can be told later how good that was."""

from django.db import models

from runs.models.run import Run


class Checkpoint(models.Model):
    """An estimate of a run at one moment, in seconds left, and the speedup so far. What came true follows from when the
    run ended.

    `point`: whole seconds since the start; with each doubling of the run's time every other one is taken away, so that
    there are few of even a long run, and they are even. `low` and `high` are the band as shown, `plain_low` and
    `plain_high` that of the simulations, before it was stretched. `known`: with a history of earlier runs. `shown`: not
    too early to tell. `judged`: the run was neither paused nor waiting for a person since.
    """

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="+", db_index=False)
    point = models.PositiveIntegerField()
    elapsed = models.FloatField()
    eta = models.FloatField()
    low = models.FloatField()
    high = models.FloatField()
    plain_low = models.FloatField()
    plain_high = models.FloatField()
    known = models.BooleanField()
    shown = models.BooleanField()
    judged = models.BooleanField(default=True)
    speedup = models.FloatField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "point"], name="checkpoint_once")]

    def __str__(self) -> str:
        return f"{self.run} at {self.elapsed:.0f} s"
