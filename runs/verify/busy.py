"""I8, the times: what runs and agents keep of how long attempts took equals the attempts."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from runs.engine import states
from runs.sql import moment
from runs.verify.base import Check, Scope, near, query


def _times_as_taken(scope: Scope) -> Iterator[str]:
    """Ended attempts count from lease to end. Of open ones the lease is kept, in seconds since the run was made. Who
    waits for a person is not at work: such waits are left out, as if the lease had been given later."""
    text = f"""
        SELECT a.run_id, a.agent_id, a.status, r.created_at, a.leased_at, a.finished_at,
               a.asked_at, a.asked_seconds
        FROM runs_attempt a JOIN runs_run r ON r.id = a.run_id WHERE {scope.where("a.run_id")}
          AND NOT EXISTS (SELECT 1 FROM runs_agent g WHERE g.id = a.agent_id AND g.kind = 'person')
    """
    busy: dict[Any, float] = defaultdict(float)  # by run, and by run and agent
    opened: dict[int, float] = defaultdict(float)
    for run, agent, status, made, leased, finished, asked, waited in query(text):
        if status in states.ATTEMPT_OPEN:
            opened[run] += _seconds(made, leased) + waited - _seconds(made, asked)
        else:
            took = max(0.0, _seconds(leased, finished) - waited)
            busy[run] += took
            busy[run, agent] += took
    text = f"SELECT r.id, r.busy_ended, r.open_started_sum FROM runs_run r WHERE {scope.where('r.id')}"
    for run, kept, starts in query(text):
        yield from _differs(f"run {run}", "busy_ended", kept, busy[run])
        yield from _differs(f"run {run}", "open_started_sum", starts, opened[run])
    text = f"SELECT g.run_id, g.agent_id, g.busy_seconds FROM runs_runagent g WHERE {scope.where('g.run_id')}"
    for run, agent, kept in query(text):
        yield from _differs(f"agent {agent} in run {run}", "busy_seconds", kept, busy[run, agent])


def _seconds(since: Any, until: Any) -> float:
    """Between two times as drivers give them; 0 when one is missing, which is I5's to tell."""
    begin, end = moment(since), moment(until)
    return (end - begin).total_seconds() if begin and end else 0.0


def _differs(who: str, name: str, kept: float, found: float) -> Iterator[str]:
    if not near(kept, found):
        yield f"{who} keeps {name} = {kept:.6f}, and there are {found:.6f}"


CHECKS = [Check("I8", "the times that are kept of a run and of its agents equal its attempts", _times_as_taken)]
