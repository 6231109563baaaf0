"""What agents from outside say of their attempts: progress, output, ends. It is accepted from the attempt that counts,
and from no other."""

import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from django.conf import settings
from django.db.models import Q

from runs import outputs
from runs.engine import states
from runs.executors.results import Unstorable, encode
from runs.external import delivering
from runs.models import Attempt
from runs.reports import Report, Said, Verdict
from todos.plan.outline import Problem
from todos.principal import Principal
from todos.problems import Busy, Conflict, Missing, TooLarge

REMEMBERED = 20_000  # attempts

# One attempt's output is written by one thread at a time; which share a lock does not matter.
_WRITING = [threading.Lock() for _ in range(64)]


class About(NamedTuple):
    """What never changes about an attempt of an agent from outside."""

    number: int
    epoch: int
    run: int
    subtask: int
    agent: int
    token: int | None
    owner: int
    checked: bool  # whether its subtask has a check


_remembered: dict[int, About] = {}


def forget() -> None:
    """What is remembered of attempts: for tests, whose database goes back to where it was."""
    _remembered.clear()


def _known(numbers: Iterable[int]) -> dict[int, About]:
    """Of these attempts, those of agents from outside. Those of the server's own workers are nobody else's."""
    wanted = set(numbers)
    missing = [number for number in wanted if number not in _remembered]
    if missing:
        remember(_rows(pk__in=missing, agent__token__isnull=False))
    return {number: about for number in wanted if (about := _remembered.get(number))}


def _rows(**where: Any) -> list[About]:
    columns = ("pk", "epoch", "run_id", "subtask_id", "agent_id", "token_id", "run__owner_id")
    found = Attempt.objects.filter(**where).annotate(checked=Q(subtask__verify__isnull=False))
    return [About(*row) for row in found.values_list(*columns, "checked")]


def remember(found: Iterable[About]) -> None:
    """For reports that are to come."""
    if len(_remembered) > REMEMBERED:
        _remembered.clear()
    _remembered.update((about.number, about) for about in found)


def _may_report(principal: Principal, about: About) -> bool:
    """An agent on what its token leased, others on what is in their owner's runs."""
    if about.owner != principal.owner_id or principal.run_id not in (None, about.run):
        return False
    return principal.scope != "agent" or about.token == principal.token_id


def checked(principal: Principal, numbers: Iterable[int]) -> set[int]:
    """Those of its attempts whose subtasks have a check."""
    return {about.number for about in _known(numbers).values() if about.checked and _may_report(principal, about)}


def find(principal: Principal, number: int, *, lent: bool = False) -> About:
    """Raises Missing when there is none, or it is somebody else's. `lent`: the one whose agent was lent its token, too;
    a worker of ours holds that, so its agent may say how far it is and no more."""
    if lent and principal.attempt_id == number:
        return _rows(pk=number)[0]
    about = _known([number]).get(number)
    if about is None or not _may_report(principal, about):
        raise Missing("There is no such attempt.")
    return about


def report_on(attempt: About, said: Said, epoch: int) -> Report:
    """A report to be filled in."""
    return Report(said, attempt.run, attempt.number, epoch)


def deliver(report: Report) -> None:
    """Has it carried out. Raises Conflict when the attempt does not count, or no longer."""
    delivering.deliver([report])
    check(report)


def check(report: Report) -> None:
    """Raises Conflict when the attempt it was about does not count, or no longer."""
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


def end(report: Report, attempt: About, output: str) -> None:
    """Delivers the end of an attempt, with the last of its output. What is refused leaves nothing behind."""
    with _writing(attempt):
        # Without output there is nothing to leave behind.
        if report.epoch == attempt.epoch and (not output or _is_open(attempt.number)):
            _end(report, attempt, output)
        else:
            deliver(report)


def _is_open(number: int) -> bool:
    return Attempt.objects.filter(pk=number, status__in=states.ATTEMPT_OPEN).exists()


def _end(report: Report, attempt: About, output: str) -> None:
    about = (attempt.run, attempt.subtask, attempt.epoch)
    before = outputs.size(*about)
    _append(attempt, before, output)
    report.output = outputs.summary(*about)
    try:
        deliver(report)
    except delivering.Slow:
        raise  # it may still be written
    except BaseException:
        outputs.cut(*about, before)
        raise


def write(report: Report, attempt: About, offset: int, text: str) -> int:
    """Keeps a chunk of output that begins at this byte, and gives where the next begins; one that is there already is
    kept once. Raises Conflict when some is missing before it, with the byte that is."""
    with _writing(attempt):
        there = outputs.size(attempt.run, attempt.subtask, attempt.epoch)
        if report.epoch == attempt.epoch and there < offset and there < settings.OUTPUT_MAX_BYTES:
            raise Conflict(f"the output ends at byte {there}", current={"offset": there})
        deliver(report)
        return _append(attempt, offset, text)


def _append(attempt: About, offset: int, text: str) -> int:
    try:
        return outputs.append(attempt.run, attempt.subtask, attempt.epoch, offset, text.encode())
    except OSError as error:
        raise Busy(f"the output cannot be kept just now: {error.strerror}") from error


@contextmanager
def _writing(attempt: About) -> Iterator[None]:
    with _WRITING[attempt.number % len(_WRITING)]:
        yield


# ---- many at once ----


def admit(principal: Principal, reports: Sequence[Report]) -> None:
    """Fills in the run of each that it may report on; the others are unknown, and have none."""
    known = _known(report.attempt for report in reports)
    for report in reports:
        about = known.get(report.attempt)
        if about is not None and _may_report(principal, about):
            report.run = about.run
        else:
            report.verdict = Verdict.UNKNOWN
