"""When the worked examples are over, as their pages would say it on the way: by a clock of their own."""

from pathlib import Path
from typing import Any

import pytest

from runs import actions
from runs.estimating import answers, record
from runs.estimating.live import Estimator
from runs.models import Run
from tests.factories import Api
from tests.papers.playing import Played, Theatre, decomposed
from tests.papers.test_worked_examples import FOUR_FILES, THREE_PHASES, features


class Watched(Theatre):
    """A theatre in which the estimator has its turn each second."""

    estimator: Estimator | None = None

    def pass_time(self, seconds: float) -> None:
        if self.estimator is None:
            self.estimator = Estimator(
                lambda run: answers.answer(run, self.clock()), self.clock, lambda: self.clock().timestamp()
            )
        for _ in range(round(seconds)):
            super().pass_time(1.0)
            self.estimator.turn()
