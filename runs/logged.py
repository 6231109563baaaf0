"""A line in the log of the process for each event of a run, for whoever gathers logs (`ABREAST_LOG=json`).

Ids and states only: what agents said and found stays in the database.
"""

import logging
from collections.abc import Sequence

from django.db import transaction

log = logging.getLogger("runs.events")


def after_commit(run_id: int, at: str | None, events: Sequence[tuple]) -> None:
    """Logs these once they are committed; a rollback logs nothing."""
    if log.isEnabledFor(logging.INFO):
        transaction.on_commit(lambda: _write(run_id, at, events), robust=True)


def _write(run_id: int, at: str | None, events: Sequence[tuple]) -> None:
    for seq, _, kind, subtask, attempt, epoch, agent, before, after, _ in events:
        about = {"run": run_id, "seq": seq, "event": kind, "at": at, "subtask": subtask, "attempt": attempt}
        about |= {"epoch": epoch, "agent": agent, "before": before or None, "after": after or None}
        told = {name: value for name, value in about.items() if value is not None}
        log.info("%s", kind, extra={"about": told})
