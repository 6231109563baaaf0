"""What was expected of a run, so that it can be told later how good that was."""

from django.db import models

from runs.models.run import Run


class Checkpoint(models.Model):
    """An estimate of a run at one moment, in seconds left. What came true follows from when the run ended.

    `point`: how many times over the time since the start has grown by a certain factor, so that there are few of even a
    long run. `low` and `high` are the band as shown, `plain_low` and `plain_high` that of the simulations, before it
    was stretched. `known`: with a history of earlier runs. `shown`: not too early to tell.
    """

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="+", db_index=False)
    point = models.PositiveSmallIntegerField()
    elapsed = models.FloatField()
    eta = models.FloatField()
    low = models.FloatField()
    high = models.FloatField()
    plain_low = models.FloatField()
    plain_high = models.FloatField()
    known = models.BooleanField()
    shown = models.BooleanField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "point"], name="checkpoint_once")]

    def __str__(self) -> str:
        return f"{self.run} at {self.elapsed:.0f} s"
