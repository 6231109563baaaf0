"""An estimate of one stored run: what the kept child answers."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import Max

from runs.engine.estimate import Estimate, capped, plain, stretched
from runs.estimating import past, seen
from runs.models import Run


class Past:
    """Of each run what was before it, kept until another run of its owner has ended."""

    def __init__(self) -> None:
        self._kept: dict[int, tuple[Any, past.History]] = {}

    def of(self, run: Mapping[str, Any], now: datetime) -> past.History:
        mark = Run.objects.filter(owner=run["owner_id"]).aggregate(at=Max("finished_at"))["at"]
        kept = self._kept.get(run["pk"])
        if kept is None or kept[0] != mark:
            if len(self._kept) > 100:
                self._kept.clear()
            kept = self._kept[run["pk"]] = mark, past.history(run, now)
        return kept[1]


def answer(run_id: int, now: datetime, before: Past | None = None) -> dict[str, Any]:
    """Seconds left as of then (`at`): `eta`, `low`, `high`, the band of the simulations (`plain_low`, `plain_high`);
    whether it is `known` from earlier runs, and whether it is too `early` to tell. Or `why` there is none."""
    run = Run.objects.filter(pk=run_id).values("pk", "owner_id", "todo_id").first()
    if run is None:
        return {"why": "gone"}
    state = seen.state(run_id, now, (before or Past()).of(run, now))
    if isinstance(state, seen.Nothing):
        return {"why": state.why}
    if not state.running and not state.queue:
        return {"why": "over"}
    found, usual = plain(state)
    known = any(state.history)
    learned = past.factors(run["owner_id"], known, now)
    band = stretched(found, learned or usual)
    early = band.early(state.now)  # whether the simulations agree, before anything is cut off
    band = band if learned else capped(band, state.now)
    return {"at": now.isoformat(), **_said(band, found, known=known, early=early)}


def _said(band: Estimate, found: Estimate, *, known: bool, early: bool) -> dict[str, Any]:
    return {
        "eta": band.eta,
        "low": min(band.low, band.eta),
        "high": max(band.high, band.eta),
        "plain_low": found.low,
        "plain_high": found.high,
        "known": known,
        "early": early,
    }
