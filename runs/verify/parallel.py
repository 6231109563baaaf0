"""I30 and I31: how parallel a run was, and how many agents it took, are as the log says."""

from collections.abc import Iterator

from runs.models import Event, Run
from runs.verify.base import Check, Scope, query

# A person who is asked is nobody at work.
_OPEN = """
    SELECT r.id, r.peak_open, r.overlapped, MAX(steps.opened), MAX(steps.leases)
    FROM runs_run r JOIN (
        SELECT e.run_id,
               SUM(CASE WHEN e.kind = 'leased' THEN 1 ELSE -1 END) OVER line AS opened,
               SUM(CASE WHEN e.kind = 'leased' THEN 1 ELSE 0 END) OVER line AS leases
        FROM runs_event e JOIN runs_agent g ON g.id = e.agent_id AND g.kind <> 'person'
        WHERE {scope} AND e.attempt_id IS NOT NULL
          AND e.kind IN ('leased', 'completed', 'failed', 'timed_out', 'lost', 'released', 'cancelled')
        WINDOW line AS (PARTITION BY e.run_id ORDER BY e.seq)
    ) steps ON steps.run_id = r.id
    WHERE r.trim_seq = 0 AND r.peak_open IS NOT NULL GROUP BY r.id, r.peak_open, r.overlapped
"""


def _as_parallel_as_logged(scope: Scope) -> Iterator[str]:
    """Work in place is written down one after the other, and may have been beside other work all the same."""
    for run, peak, overlapped, opened, leases in query(_OPEN.format(scope=scope.where("e.run_id"))):
        if not opened <= peak <= leases:
            yield f"run {run} keeps {peak} open attempts at once, and the log has {opened} at once of {leases}"
        if not min(1, opened - 1) <= overlapped < leases or (overlapped > 0) != (peak > 1):
            yield f"run {run} keeps {overlapped} attempts begun beside others, of {leases} with {peak} at once"


def _agents_as_recorded(scope: Scope) -> Iterator[str]:
    runs = Run.objects.filter(trim_seq=0)
    events = Event.objects.filter(kind__in=["agents_narrowed", "agents_widened"], run__trim_seq=0)
    if scope.run_id is not None:
        runs, events = runs.filter(pk=scope.run_id), events.filter(run=scope.run_id)
    steps: dict[int, list[tuple[int, int]]] = {}
    for run, data in events.order_by("run_id", "seq").values_list("run_id", "data").iterator():
        steps.setdefault(run, []).append(((data or {}).get("from", 0), (data or {}).get("to", 0)))
    columns = ("pk", "max_agents", "agents_allowed", "agents_steps")
    for run, asked, allowed, count in runs.values_list(*columns).iterator():
        path = [asked, *(to for _, to in steps.get(run, []))]
        by_one = all(abs(to - since) == 1 and since == at for at, (since, to) in zip(path, steps.get(run, [])))
        if count != len(path) - 1 or (allowed or asked) != path[-1] or not by_one or not 1 <= path[-1] <= asked:
            now = allowed or asked
            yield f"run {run} takes {now} of {asked} agents after {count} steps, and the log has {path[1:]}"


CHECKS = [
    Check("I30", "a run keeps the most attempts that were open at once", _as_parallel_as_logged),
    Check("I31", "a run takes as many agents as its steps led to, one at a time, as recorded", _agents_as_recorded),
]
