"""`/metrics`: what the server has to do, in the text format of Prometheus.

Runs and subtasks are those of everybody; ledger, estimates, sockets, memory and CPU time those of the process that
answers.
"""

import time
from collections.abc import Iterator, Mapping

import psutil
from django.db.models import Count, Sum
from django.http import HttpResponse
from rest_framework.request import Request

from runs.engine import states
from runs.models import Run
from runs.orchestrating import load, orchestrator
from runs.orchestrating.load import Histogram
from todos.rest.endpoint import Endpoint
from todos.rest.operation import Operation, Raw

TEXT = "text/plain"
TYPE = f"{TEXT}; version=0.0.4; charset=utf-8"
_OPEN = ("open_query", "open_execute", "asking")


class Metrics(Endpoint):
    """`GET /metrics`"""

    @Operation({200: Raw(TEXT)})
    def get(self, request: Request) -> HttpResponse:
        return HttpResponse(
            "\n".join([*_of_runs(), *_of_ledger(), *_of_estimator(), *_of_process()]) + "\n", content_type=TYPE
        )


def _of_runs() -> Iterator[str]:
    """From the counters that runs keep: their cost follows the number of runs, not their size."""
    counted = dict(Run.objects.order_by().values_list("status").annotate(Count("pk")))
    yield from _labelled(
        "abreast_runs", "Runs by status.", "status", {word: counted.get(word, 0) for word in states.Run}
    )
    statuses = [str(word) for word in states.Status]
    names = [*statuses, *_OPEN, "agents_active", "retries", "losses"]
    kept = Run.objects.aggregate(**{f"sum_{name}": Sum(name) for name in names})
    sums = {name: kept[f"sum_{name}"] or 0 for name in names}
    by_status = {word: sums[word] for word in statuses}
    yield from _labelled("abreast_subtasks", "Subtasks by status.", "status", by_status)
    yield from _one("abreast_attempts_open", "Attempts under way.", sum(sums[name] for name in _OPEN))
    yield from _one("abreast_agents_active", "Agents with an attempt under way.", sums["agents_active"])
    yield from _one("abreast_retries_total", "Attempts that were followed by another.", sums["retries"], "counter")
    yield from _one("abreast_attempts_lost_total", "Attempts that were lost.", sums["losses"], "counter")


def _of_ledger() -> Iterator[str]:
    ledger = orchestrator.ledger()
    if ledger is None:
        return
    yield from _one("abreast_ledger_queue", "Reports and wakes that wait to be written.", ledger.waiting)
    yield from _histogram("abreast_ledger_commit_seconds", "How long transactions took.", ledger.load.seconds)
    yield from _histogram("abreast_ledger_batch_size", "Reports and wakes in one transaction.", ledger.load.sizes)
    if ledger.seats is not None:
        yield from _one("abreast_workers", "Agents of this process.", len(ledger.seats.workers))


def _of_estimator() -> Iterator[str]:
    """Of the process that estimates; how old the estimates are is told while there are some."""
    made = load.ESTIMATES
    yield from _histogram("abreast_estimate_seconds", "How long estimates of when a run is over took.", made.seconds)
    yield from _one("abreast_estimates_failed_total", "Estimates that did not come.", made.failed, "counter")
    age = made.age(time.monotonic())
    if age is not None:
        meaning = "How old the oldest estimate of a run under way is."
        yield from _one("abreast_estimate_age_seconds", meaning, round(age, 3))


def _of_process() -> Iterator[str]:
    process = psutil.Process()
    with process.oneshot():
        cpu, memory, started = process.cpu_times(), process.memory_info().rss, process.create_time()
    yield from _one("abreast_sockets", "Sockets open in this process.", len(load.SOCKETS))
    yield from _one("process_resident_memory_bytes", "Memory of this process.", memory)
    yield from _one("process_cpu_seconds_total", "CPU time of this process.", cpu.user + cpu.system, "counter")
    yield from _one("process_uptime_seconds", "How long this process has been up.", max(0.0, time.time() - started))


# ---- the format ----


def _head(name: str, meaning: str, kind: str) -> Iterator[str]:
    yield f"# HELP {name} {meaning}"
    yield f"# TYPE {name} {kind}"


def _one(name: str, meaning: str, value: float, kind: str = "gauge") -> Iterator[str]:
    yield from _head(name, meaning, kind)
    yield f"{name} {value}"


def _labelled(name: str, meaning: str, label: str, values: Mapping[str, int]) -> Iterator[str]:
    """Labels are words of ours: nothing in them needs to be escaped."""
    yield from _head(name, meaning, "gauge")
    for word, value in values.items():
        yield f'{name}{{{label}="{word}"}} {value}'


def _histogram(name: str, meaning: str, found: Histogram) -> Iterator[str]:
    counts, total = list(found.counts), found.total
    yield from _head(name, meaning, "histogram")
    reached = 0
    for bound, count in zip(found.bounds, counts):
        reached += count
        yield f'{name}_bucket{{le="{bound}"}} {reached}'
    yield f'{name}_bucket{{le="+Inf"}} {sum(counts)}'
    yield f"{name}_sum {total}"
    yield f"{name}_count {sum(counts)}"
