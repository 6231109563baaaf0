"""From a lease to a report: builds the job, calls its executor until it is complete, and says how it ended."""

import time
from collections.abc import Callable
from datetime import datetime
from importlib import import_module
from typing import Any

from django.conf import settings
from django.db import connection

from runs import handover, outputs
from runs.executors.base import Executor, Failed, Job, Outcome, Stop, Stopped
from runs.executors.processor import seconds_in_line
from runs.executors.redact import Redacted, redactor
from runs.executors.results import Unstorable, encode, storable_text
from runs.external.nested import lending
from runs.leases import Lease
from runs.reports import Report, Said, Usage
from todos.plan.inputs import MissingInput

MODULES = {
    "simulate": "runs.executors.simulate",
    "read": "runs.executors.read",
    "search": "runs.executors.search",
    "python": "runs.executors.python",
    "shell": "runs.executors.shell",
    "agent": "runs.executors.agent",
    "http": "runs.executors.http",
    "web_search": "runs.executors.web_search",
}

_SAID = {Stop.CANCEL: Said.CANCEL, Stop.RELEASE: Said.RELEASE, Stop.TIME_OUT: Said.TIME_OUT}


def executor(name: str) -> Executor:
    """The executor of that name. Raises Failed when this server has none."""
    if name not in MODULES:
        raise Failed(f"this server has no executor {name!r}", retryable=False)
    return import_module(MODULES[name]).run


def job_for(run_id: int, lease: Lease) -> Job:
    return Job(
        spec=lease.executor or {},
        content=lease.content,
        workspace=settings.WORKSPACE,
        timeout_seconds=lease.pick.timeout_seconds,
        run=run_id,
        key=lease.key,
        attempt=lease.attempt,
        epoch=lease.epoch,
        attempts_used=lease.attempts_used,
        output=Redacted(outputs.Sink(run_id, lease.pick.subtask, lease.epoch), redactor(lease.executor, lease.verify)),
    )


def carry_out(job: Job, run_id: int, lease: Lease, clock: Callable[[], datetime]) -> Report:
    """Runs the job to its end, whatever that is; never raises."""
    report = Report(Said.FAIL, run_id, lease.attempt, lease.epoch, started_at=clock())
    redacting = redactor(job.spec, lease.verify)
    try:
        if lease.inputs:
            job.inputs = _inputs(run_id, lease.inputs)
        with lending(job) as lent:
            redacting = redacting.and_of(lent)
            outcome = _iterate(job, lease.max_iterations, report)
        if lease.verify:
            _verify(job, lease.verify, outcome.result, report)
        report.said, report.result = Said.COMPLETE, outcome.result
    except Stopped as stopped:
        report.said = _SAID[stopped.why]
        report.error = f"ran over its {job.timeout_seconds:g} s" if stopped.why is Stop.TIME_OUT else ""
    except Failed as failed:
        report.error, report.retryable = storable_text(failed.error), failed.retryable
        report.partial_result = failed.partial_result
        _add_usage(report, failed.usage)
    except Exception as error:
        report.error = storable_text(f"{type(error).__name__}: {error}")
        if job.stopping is Stop.TIME_OUT:  # Celery's soft limit, for one, had to get it out
            report.said, report.error = Said.TIME_OUT, f"ran over its {job.timeout_seconds:g} s: {report.error}"
    report.result, report.partial_result = redacting.value(report.result), redacting.value(report.partial_result)
    report.error = redacting.text(report.error) if report.error else report.error
    report.output = job.output.close()
    report.at = clock()
    return report


def check_claim(job: Job, check: dict[str, Any], report: Report) -> None:
    """Makes the check of what somebody else claims to have done; a claim that is not so becomes a failure. Never
    raises. What the work took is theirs to know."""
    claimed, redacting = report.result, redactor(check)
    try:
        _verify(job, check, claimed, report)
    except Stopped as stopped:
        report.said, report.result = _SAID[stopped.why], None
        report.error = f"the check ran over the {job.timeout_seconds:g} s left" if stopped.why is Stop.TIME_OUT else ""
    except Failed as failed:
        report.said, report.result, report.partial_result = Said.FAIL, None, claimed
        report.error, report.retryable = redacting.text(storable_text(failed.error)), failed.retryable
        _add_usage(report, failed.usage)
    except Exception as error:
        report.said, report.result, report.partial_result = Said.FAIL, None, claimed
        report.error = redacting.text(storable_text(f"not verified: {type(error).__name__}: {error}"))
    report.worked_seconds = None


def _inputs(run_id: int, wanted: dict[str, Any]) -> dict[str, Any]:
    """What others found, for the executor. The connection is not kept: there are many workers, and they rarely read."""
    try:
        return handover.resolve(run_id, wanted)
    except MissingInput as error:
        raise Failed(str(error), retryable=False) from error
    finally:
        connection.close()


def _iterate(job: Job, most: int, report: Report) -> Outcome:
    """Calls the executor until it says it is complete; at the limit the attempt fails and keeps what there is."""
    run = executor(job.spec.get("name", ""))
    report.worked_seconds = 0.0
    while True:
        report.iterations = job.iteration
        outcome, seconds = _timed(run, job)
        _add_up(report, outcome, seconds)
        _check(outcome.result)
        if outcome.complete:
            return outcome
        if job.iteration >= most:
            report.warning = f"stopped after {most} iterations"
            raise Failed("the iteration limit was reached", retryable=False, partial_result=outcome.result)
        job.partial_result = outcome.result
        job.iteration += 1


def _verify(job: Job, check: dict[str, Any], result: Any, report: Report) -> None:
    """Lets the check of the subtask say whether it is done, within the time of the attempt; what was found is its
    input `result`. Raises Failed when it says no: that keeps what was claimed."""
    job.spec, job.inputs, job.partial_result = check, {"result": result}, None
    try:
        outcome, seconds = _timed(executor(check.get("name", "")), job)
    except Failed as failed:
        raise Failed(
            f"not verified: {failed.error}", retryable=failed.retryable, partial_result=result, usage=failed.usage
        ) from failed
    _add_up(report, outcome, seconds)
    if not outcome.complete:
        raise Failed("not verified: the check did not complete", partial_result=result)


def _add_up(report: Report, outcome: Outcome, seconds: float) -> None:
    report.worked_seconds = (report.worked_seconds or 0.0) + seconds
    _add_usage(report, outcome.usage)


def _add_usage(report: Report, usage: Usage) -> None:
    report.usage.input_tokens += usage.input_tokens
    report.usage.output_tokens += usage.output_tokens
    report.usage.cost += usage.cost


def _timed(run: Executor, job: Job) -> tuple[Outcome, float]:
    """Calls the executor, and says how many seconds the work took, without those in line for a processor: agents that
    share too few of them make each other slower, and that is no work."""
    began, waited = time.monotonic(), seconds_in_line() + job.waited_seconds
    outcome = run(job)
    if outcome.worked_seconds is not None:
        return outcome, outcome.worked_seconds
    return outcome, max(0.0, time.monotonic() - began - (seconds_in_line() + job.waited_seconds - waited))


def _check(result: Any) -> None:
    """One result that cannot be stored must fail its own attempt, not the transaction it would be written in."""
    try:
        encode(result, settings.RESULT_MAX_BYTES)
    except Unstorable as error:
        raise Failed(f"the result {error}", retryable=False) from error
