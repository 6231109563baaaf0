"""The ledger of a process that only serves: what agents tell it and ask of it is written many at a time."""

from runs import sweep
from runs.ledger import Ledger
from runs.slips import Slip


class Clerk(Ledger):
    """Dispatches nothing and sweeps nothing: whoever leads does."""

    def _committed(self, batch: list[Slip], stopping: list[int]) -> None:
        for run_id in self._woken:
            self.wake(run_id)
        super()._committed(batch, stopping)

    def _sweep(self) -> None:
        self._next_sweep = self.steady() + sweep.SECONDS
        self._try_again()
