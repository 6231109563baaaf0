"""What agents from outside say of their attempts: progress, output, ends. It is accepted from the attempt that counts,
and from no other."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.conf import settings
from django.db.models import QuerySet

from runs import delivering, outputs
from runs.engine import states
from runs.executors.results import Unstorable, encode
from runs.models import Attempt
from runs.reports import Report, Said, Verdict
from todos.plan.outline import Problem
from todos.principal import Principal
from todos.problems import Busy, Conflict, Missing, TooLarge

# One attempt's output is written by one thread at a time; which share a lock does not matter.
_WRITING = [threading.Lock() for _ in range(64)]


def of(principal: Principal) -> QuerySet[Attempt]:
    """The attempts it may report on: an agent those that its token leased, others those in their owner's runs. Those of
    the server's own workers are nobody else's."""
    found = Attempt.objects.filter(run__owner=principal.owner_id, agent__token__isnull=False)
    if principal.run_id is not None:
        found = found.filter(run=principal.run_id)
    if principal.scope == "agent":
        found = found.filter(token=principal.token_id)
    return found


def find(principal: Principal, number: int, *, lent: bool = False) -> Attempt:
    """Raises Missing when there is none, or it is somebody else's. `lent`: the one whose agent was lent its token, too;
    a worker of ours holds that, so its agent may say how far it is and no more."""
    mine = Attempt.objects.filter(pk=principal.attempt_id) if lent and principal.attempt_id == number else of(principal)
    attempt = mine.filter(pk=number).first()
    if attempt is None:
        raise Missing("There is no such attempt.")
    return attempt


def report_on(attempt: Attempt, said: Said, epoch: int) -> Report:
    """A report to be filled in."""
    return Report(said, attempt.run_id, attempt.pk, epoch)


def deliver(report: Report, attempt: Attempt) -> None:
    """Has it carried out. Raises Conflict when the attempt does not count, or no longer."""
    delivering.deliver([report])
    if report.verdict is Verdict.UNKNOWN:
        raise Missing("There is no such attempt.")
    if report.verdict is Verdict.REFUSED:
        current = {"status": report.current, "epoch": report.current_epoch}
        raise Conflict(refusal(report), current=current)


def refusal(report: Report) -> str:
    """Why a report was refused, in a sentence."""
    if report.epoch != report.current_epoch:
        return f"this attempt has the epoch {report.current_epoch}"
    if report.question and report.current in states.ATTEMPT_OPEN:
        return "this attempt waits for the answer to another question"
    return f"this attempt is {report.current}"


def check_result(report: Report, at: str) -> None:
    """Raises TooLarge at that pointer."""
    try:
        encode(report.result, settings.RESULT_MAX_BYTES)
    except Unstorable as error:
        detail = f"the result {error}"
        raise TooLarge(detail, [Problem(at, detail)]) from None


# ---- output ----


def end(report: Report, attempt: Attempt, output: str) -> None:
    """Delivers the end of an attempt, with the last of its output. What is refused leaves nothing behind."""
    with _writing(attempt):
        attempt.refresh_from_db(fields=["status"])
        if attempt.status in states.ATTEMPT_OPEN and report.epoch == attempt.epoch:
            _end(report, attempt, output)
        else:
            deliver(report, attempt)


def _end(report: Report, attempt: Attempt, output: str) -> None:
    about = (attempt.run_id, attempt.subtask_id, attempt.epoch)
    before = outputs.size(*about)
    _append(attempt, before, output)
    report.output = outputs.summary(*about)
    try:
        deliver(report, attempt)
    except delivering.Slow:
        raise  # it may still be written
    except BaseException:
        outputs.cut(*about, before)
        raise


def write(report: Report, attempt: Attempt, offset: int, text: str) -> int:
    """Keeps a chunk of output that begins at this byte, and gives where the next begins; one that is there already is
    kept once. Raises Conflict when some is missing before it, with the byte that is."""
    with _writing(attempt):
        there = outputs.size(attempt.run_id, attempt.subtask_id, attempt.epoch)
        if report.epoch == attempt.epoch and there < offset and there < settings.OUTPUT_MAX_BYTES:
            raise Conflict(f"the output ends at byte {there}", current={"offset": there})
        deliver(report, attempt)
        return _append(attempt, offset, text)


def _append(attempt: Attempt, offset: int, text: str) -> int:
    try:
        return outputs.append(attempt.run_id, attempt.subtask_id, attempt.epoch, offset, text.encode())
    except OSError as error:
        raise Busy(f"the output cannot be kept just now: {error.strerror}") from error


@contextmanager
def _writing(attempt: Attempt) -> Iterator[None]:
    with _WRITING[attempt.pk % len(_WRITING)]:
        yield


# ---- many at once ----


def deliver_all(principal: Principal, reports: Sequence[Report]) -> None:
    """Has these carried out, as far as it may report on what they are about; `run` and the verdict are filled in."""
    numbers = {report.attempt for report in reports}
    runs = dict(of(principal).filter(pk__in=numbers).values_list("pk", "run_id"))
    for report in reports:
        report.run = runs.get(report.attempt, 0)
        report.verdict = None if report.run else Verdict.UNKNOWN
    delivering.deliver([report for report in reports if report.run])
