"""Claims of agents from outside that a subtask is done which has a check: the server makes it, then the claim counts.

A check that takes longer than a moment goes on after the answer; the server keeps the lease meanwhile.
"""

import logging
import threading
from dataclasses import dataclass, field, replace
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils import timezone

from runs import sweep
from runs.engine import states
from runs.executors.base import Job, Stop
from runs.executors.running import check_claim
from runs.external import attempts, delivering
from runs.external.attempts import About
from runs.models import Attempt, Subtask
from runs.reports import Report, Said, Verdict
from todos.problems import Busy, Conflict

AT_ONCE = 4
MOST = 100
ANSWERS_AFTER_SECONDS = 2.0  # whatever the check has found by then

log = logging.getLogger(__name__)


@dataclass(eq=False)
class Claim:
    """`report` says that the subtask is done, and after the check what came of it. `detached`: nobody waits for it any
    more, so whoever makes the check writes down what came of it."""

    report: Report
    about: About
    output: str
    job: Job
    check: dict[str, Any]
    digest: str
    lock: threading.Lock = field(default_factory=threading.Lock)
    checked: threading.Event = field(default_factory=threading.Event)
    settled: threading.Event = field(default_factory=threading.Event)
    detached: bool = False


_claims: dict[int, Claim] = {}  # by attempt
_lock = threading.Lock()
_seats = threading.Semaphore(AT_ONCE)


def under_way() -> int:
    """How many claims are being checked, or wait for that."""
    return len(_claims)


def claim(report: Report, about: About, output: str) -> bool:
    """Has the check made, where there is one to make. `report.current` then is how the attempt stands: running, while
    the check goes on. Raises Busy when too many wait for theirs, Conflict when the attempt does not count any more."""
    if not about.checked:
        return False
    attempt = Attempt.objects.get(pk=about.number)
    subtask = Subtask.objects.only("key", "content", "verify").get(pk=about.subtask)
    if not subtask.verify or attempt.status not in states.ATTEMPT_OPEN or report.epoch != attempt.epoch:
        return False
    being_checked = Report(Said.BEAT, report.run, report.attempt, report.epoch, message="being checked")
    attempts.deliver(being_checked)
    mine = Claim(replace(report), about, output, _job(attempt, subtask), subtask.verify, report.digest)
    known = _entered(mine)
    if known is mine:
        _begin(mine)
        _wait(mine)
    elif known.digest != report.digest:
        raise Conflict("another claim of this attempt is being checked", current=states.Attempt.RUNNING)
    else:
        known.settled.wait(ANSWERS_AFTER_SECONDS)
    attempt.refresh_from_db(fields=["status"])
    report.current = attempt.status
    return True


def _entered(mine: Claim) -> Claim:
    """The claim of this attempt that is being checked: this one, if there was none."""
    with _lock:
        known = _claims.get(mine.about.number)
        if known is not None:
            return known
        if len(_claims) >= MOST:
            raise Busy("too many claims wait for their check")
        _claims[mine.about.number] = mine
        return mine


def _job(attempt: Attempt, subtask: Subtask) -> Job:
    """The check has what is left of the attempt's time."""
    deadline = attempt.deadline_at
    left = (deadline - timezone.now()).total_seconds() if deadline else settings.SUBTASK_TIMEOUT_SECONDS
    return Job(
        spec={},
        content=subtask.content,
        workspace=settings.WORKSPACE,
        timeout_seconds=max(0.0, left),
        run=attempt.run_id,
        key=subtask.key,
        attempt=attempt.pk,
        epoch=attempt.epoch,
    )


def _begin(one: Claim) -> None:
    for work in (_check, _keep):
        threading.Thread(target=work, args=(one,), name=f"check-{one.about.number}", daemon=True).start()


def _check(one: Claim) -> None:
    with _seats:
        check_claim(one.job, one.check, one.report)
    with one.lock:
        one.checked.set()
        detached = one.detached
    if detached:
        try:
            _settle(one)
        except Exception:
            log.exception("what the check of attempt %s found could not be written down", one.about.number)
        finally:
            connection.close()


def _wait(one: Claim) -> None:
    one.checked.wait(ANSWERS_AFTER_SECONDS)
    with one.lock:
        one.detached = not one.checked.is_set()
    if not one.detached:
        _settle(one)


def _settle(one: Claim) -> None:
    try:
        attempts.end(one.report, one.about, one.output)
    finally:
        with _lock:
            del _claims[one.about.number]
        one.settled.set()


def _keep(one: Claim) -> None:
    """Renews the lease in the agent's place, and stops the check when the attempt is to stop, or does not count."""
    if one.checked.wait(settings.HEARTBEAT_SECONDS):
        return
    try:
        while not one.checked.is_set():
            beat = Report(Said.BEAT, one.report.run, one.about.number, one.about.epoch)
            delivering.deliver([beat])
            unwanted = sweep.unwanted([(one.about.number, one.about.epoch)])
            if unwanted or beat.verdict in (Verdict.REFUSED, Verdict.UNKNOWN):
                one.job.stop(Stop.CANCEL)
            one.checked.wait(settings.HEARTBEAT_SECONDS)
    except Exception:
        log.exception("the lease of attempt %s could not be kept while it is checked", one.about.number)
    finally:
        connection.close()
