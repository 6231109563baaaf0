"""What can be asked about runs. Page, REST and socket all show what `snapshot` says."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from django.db.models import DateTimeField, JSONField, Q, QuerySet

from runs.claims import waits
from runs.engine import limits, serial, speedup, states
from runs.models import Agent, Attempt, Event, Run, Subtask
from runs.sql import Statement, json_value, moment

# What a snapshot gives as it stands in the row, and what it is worked out from.
_AS_KEPT = """
    status total completed in_progress pending failed cancelled skipped retries losses agents_active max_agents
    agents_allowed updated_at
""".split()
_SNAPSHOT = [
    *_AS_KEPT,
    *"""
    last_seq blocked at_barrier delayed held_back rate_limited outside strategy expected_total expected_ended busy_ended
    open_query open_execute open_started_sum work_done usual_work usual_took overhead_sum overhead_count claiming
    barriers theoretical_speedup baseline_seconds paused_seconds paused_at person_seconds person_at questions created_at
    started_at finished_at backend
    lanes shape work_seconds critical_path_seconds peak_open overlapped agents_slowdown eta_at eta_low_at eta_high_at
    eta_confidence heard_at
    """.split(),
]
# In SQL, as it is asked with each frame and by all who follow a run: building the query takes longer than asking it.
_ROW = Statement("", f"SELECT {', '.join(_SNAPSHOT)} FROM runs_run WHERE id = %(run)s")  # noqa: S608  (names of columns)
_READ = {
    name: moment if isinstance(Run._meta.get_field(name), DateTimeField) else json_value
    for name in _SNAPSHOT
    if isinstance(Run._meta.get_field(name), DateTimeField | JSONField)
}
OUTDATED = timedelta(seconds=10)  # an estimate is made anew more often than that
_OF_SERIAL = """
    backend strategy max_agents completed total overlapped work_seconds critical_path_seconds agents_allowed lanes shape
""".split()


def snapshot(run_id: int, now: datetime) -> dict[str, Any]:
    """The counters of a run as the contract words them, from one row, whatever the size of the run.

    Raises Run.DoesNotExist.
    """
    found = _ROW(run=run_id)
    if not found:
        raise Run.DoesNotExist(f"there is no run {run_id}")
    row = dict(zip(_SNAPSHOT, found[0], strict=True))
    return snapshot_of(run_id, row | {name: read(row[name]) for name, read in _READ.items()}, now)


def snapshots(runs: QuerySet[Run], now: datetime) -> list[dict[str, Any]]:
    """The same of many runs, by one query."""
    return [snapshot_of(row["pk"], row, now) for row in runs.values("pk", *_SNAPSHOT)]


def snapshot_of(run_id: int, row: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """The same from a row read already (see _SNAPSHOT for its columns)."""
    until = _until(row, now)
    paused, person = _rested(row, until, "paused"), _rested(row, until, "person")
    rested = (paused or 0.0) + (person or 0.0)
    elapsed = max(0.0, (until - row["started_at"]).total_seconds() - rested) if row["started_at"] else 0.0
    overhead = row["overhead_sum"] / row["overhead_count"] if row["overhead_count"] else None
    return {
        "run": str(run_id),
        "seq": row["last_seq"],
        **{name: row[name] for name in _AS_KEPT},
        "agents_allowed": row["agents_allowed"] or row["max_agents"],
        "agents_slowdown": row["agents_slowdown"],
        "agents_peak": row["peak_open"],
        "waiting": _waiting(row),
        "progress": _progress(row),
        "elapsed_seconds": elapsed,
        "paused_seconds": paused,
        "person_seconds": person,
        **_eta(row, now),
        "busy_seconds": _busy(row, until),
        **_speedup(row, elapsed),
        "overhead_seconds_per_subtask": overhead,
    }


def _until(row: Mapping[str, Any], now: datetime) -> datetime:
    """Until when its time counts. What agents report may be left open for more: nothing is done then."""
    idle = row["heard_at"] is not None and not row["pending"] and not row["in_progress"]
    until: datetime = row["finished_at"] or (min(now, row["heard_at"]) if idle else now)
    return until


def _rested(row: Mapping[str, Any], until: datetime, which: str) -> float | None:
    """Seconds with nobody at work, as it was `paused`, or as all that was left waited for a `person`: they count
    neither as elapsed nor against the speedup. None where nobody counted."""
    over: float | None = row[f"{which}_seconds"]
    since = row[f"{which}_at"]
    return over if over is None or since is None else over + max(0.0, (until - since).total_seconds())


def rested(run: Run, now: datetime) -> float:
    """Seconds of both kinds, of the time so far."""
    until = run.finished_at or now
    return sum(_rested(vars(run), until, which) or 0.0 for which in ("paused", "person"))


def _eta(row: Mapping[str, Any], now: datetime) -> dict[str, float | None]:
    """Seconds left; null where nothing is expected, while the run does not go on, and where it should be over long
    since: then nobody has made an estimate anew."""
    times = {"eta_seconds": row["eta_at"], "eta_low_seconds": row["eta_low_at"], "eta_high_seconds": row["eta_high_at"]}
    if row["status"] != states.Run.RUNNING or None in times.values() or row["eta_high_at"] < now - OUTDATED:
        return dict.fromkeys([*times, "eta_confidence"])
    left = {name: max(0.0, (at - now).total_seconds()) for name, at in times.items()}
    return {**left, "eta_confidence": row["eta_confidence"]}


ETA = ("eta_at", "eta_low_at", "eta_high_at")
NOT_ESTIMATED: tuple[datetime | None, ...] = (None,) * len(ETA)


def estimated(run_id: int) -> tuple[datetime | None, ...]:
    """When the run is expected to be over, and between when and when: it changes with each estimate, not with time."""
    return Run.objects.filter(pk=run_id).values_list(*ETA).first() or NOT_ESTIMATED


def _busy(row: Mapping[str, Any], until: datetime) -> float:
    """Seconds agents were at it: ended attempts as measured, open ones until then. Who waits for an answer is not."""
    opened = row["open_query"] + row["open_execute"] - row["questions"]
    busy = row["busy_ended"] + opened * (until - row["created_at"]).total_seconds() - row["open_started_sum"]
    return max(0.0, busy)


def _speedup(row: Mapping[str, Any], elapsed: float) -> dict[str, Any]:
    work = speedup.expected_alone(row["work_done"], row["usual_took"], row["usual_work"] or 0.0)
    measured = speedup.measure(
        work_seconds=work.seconds,
        elapsed_seconds=elapsed,
        completed=row["overhead_count"],
        limit=row["theoretical_speedup"],
        baseline_seconds=row["baseline_seconds"],
        max_agents=row["max_agents"],
        strategy=row["strategy"],
    )
    return {
        "finished_work_seconds": work.seconds,
        "finished_work_known": work.known,
        "speedup": measured.speedup,
        "baseline_speedup": measured.against_baseline,
        "theoretical_speedup": measured.limit,
        "limits": asdict(limits.limits(row)),
        "efficiency_percent": measured.efficiency_percent,
        **_verdict(row, measured.verdict),
    }


def _verdict(row: Mapping[str, Any], measured: str | None) -> dict[str, Any]:
    """What was measured, unless nothing was parallel; then with the reason, and what to tell the agent."""
    facts = {name: row[name] for name in _OF_SERIAL}
    found = serial.judge(serial.Facts(ended=row["finished_at"] is not None, peak=row["peak_open"], **facts))
    if found is None:
        return {"verdict": measured, "verdict_reason": None, "verdict_cure": None}
    return {"verdict": serial.VERDICT, "verdict_reason": found.reason, "verdict_cure": found.cure}


def _progress(row: Mapping[str, Any]) -> float:
    """Share of the expected work that has ended; by number where no work is expected at all. 1 means all has ended:
    sums of many parts may miss their total by a hair, to either side."""
    ended = row["completed"] + row["failed"] + row["cancelled"] + row["skipped"]
    if ended == row["total"]:
        return 1.0 if ended else 0.0
    share = row["expected_ended"] / row["expected_total"] if row["expected_total"] else ended / row["total"]
    return min(share, 0.9999)


def _waiting(row: Mapping[str, Any]) -> dict[str, int]:
    """Pending subtasks by what they wait for; only what there is."""
    outside = row["outside"]
    startable = row["pending"] - sum(row[counter] for counter in states.NOT_STARTABLE)
    if row["status"] == states.Run.PAUSED:
        found = {states.Wait.PAUSED: startable + outside}
    else:
        found = {states.Wait.CAPACITY: startable, states.Wait.AGENT: outside}
    barred = row["at_barrier"]
    found |= {states.Wait.BARRIER: barred, states.Wait.DEPENDENCY: row["blocked"] - barred}
    found |= {states.Wait.RETRY: row["delayed"]}
    found |= {wait: row[counter] for wait, counter in states.WAIT_COUNTER.items()}
    return {str(wait): count for wait, count in found.items() if count}


_SHOWN = """
    run_id key content status priority aged lane phase position executor estimated_seconds expected_seconds
    remaining_seconds pool unmet not_before waits_for waits_key waits_claim waits_until waits_since claims_group alone
    mode question assigned_agent last_try epoch attempts_used cancel_requested_at progress message error started_at
    finished_at
""".split()


def shown(run_id: int) -> QuerySet[Subtask]:
    """The subtasks of a run as lists show them: without the columns that may be large."""
    return Subtask.objects.filter(run=run_id).only(*_SHOWN)


# ---- what is under way and comes next ----


def now_and_next(run: Run, limit: int) -> list[Subtask]:
    """Subtasks in progress, then those next in line, then what waits for a time or for others."""
    found = list(shown(run.pk).filter(status="in_progress").order_by("started_at", "position")[:limit])
    found += _ready(run, limit - len(found))
    if (run.held_back or run.rate_limited) and len(found) < limit:
        held_back = shown(run.pk).filter(status="pending").exclude(waits_for="").order_by("position")
        found += held_back[: limit - len(found)]
    if run.delayed and len(found) < limit:
        delayed = shown(run.pk).filter(status="pending", not_before__isnull=False).order_by("not_before")
        found += delayed[: limit - len(found)]
    if run.blocked and len(found) < limit:
        blocked = shown(run.pk).filter(status="pending", unmet__gt=0).order_by("position")
        found += blocked[: limit - len(found)]
    return found


def _ready(run: Run, limit: int) -> list[Subtask]:
    """Subtasks that can start: first those in line, then those that wait for an outside agent."""
    waiting = sum(getattr(run, counter) for counter in states.NOT_STARTABLE if counter != "outside")
    if limit <= 0 or run.pending <= waiting:
        return []
    line = waits.line(run, limit)
    rows = {subtask.pk: subtask for subtask in by_id(line)}
    found = [rows[number] for number in line if number in rows]
    if run.outside and len(found) < limit:
        outside = shown(run.pk).filter(status="pending", unmet=0, not_before=None, mode="external", waits_for="")
        found += outside.order_by("position")[: limit - len(found)]
    return found


def by_id(ids: Iterable[int]) -> list[Subtask]:
    """These subtasks as lists show them, in no order."""
    return list(Subtask.objects.filter(pk__in=list(ids)).order_by().only(*_SHOWN))


def agents_of(subtasks: Sequence[Subtask]) -> dict[int, str]:
    """Who has, or last had, each of these subtasks, by id."""
    latest = Q()
    wanted = [subtask for subtask in subtasks if subtask.epoch]
    for subtask in wanted:
        latest |= Q(subtask=subtask.pk, epoch=subtask.epoch)
    if not wanted:
        return {}
    return dict(Attempt.objects.filter(latest).values_list("subtask_id", "agent__name"))


# ---- the event log ----

MOST_EVENTS = 1_000


def events_after(
    run_id: int, seq: int, *, until: int | None = None, limit: int = MOST_EVENTS, topics: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """Events of a run after `seq` (and not after `until`), in order, as the contract words them."""
    found = Event.objects.filter(run=run_id, seq__gt=seq).order_by("seq")
    if until is not None:
        found = found.filter(seq__lte=until)
    if topics:
        found = found.filter(topic__in=topics)
    rows = list(
        found.values("seq", "topic", "kind", "subtask_id", "attempt_id", "agent_id", "epoch", "at", "data", "after")[
            :limit
        ]
    )
    subtasks = Subtask.objects.filter(pk__in={row["subtask_id"] for row in rows}).order_by()
    keys = dict(subtasks.values_list("pk", "key"))
    agents = dict(Agent.objects.filter(pk__in={row["agent_id"] for row in rows}).values_list("pk", "name"))
    return [
        {
            "seq": row["seq"],
            "topic": row["topic"],
            "kind": row["kind"],
            "subtask": keys.get(row["subtask_id"] or 0),
            "attempt": str(row["attempt_id"]) if row["attempt_id"] else None,
            "epoch": row["epoch"],
            "agent": agents.get(row["agent_id"] or 0),
            "status": row["after"] or None,
            "at": row["at"],
            "data": row["data"],
        }
        for row in rows
    ]
