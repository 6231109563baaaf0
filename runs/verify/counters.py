"""I8 and I12: what is kept equals what is there."""

from collections.abc import Iterator

from runs.models import Run
from runs.verify.base import Check, Scope, near, query

_BY_STATUS = ("pending", "in_progress", "completed", "failed", "cancelled", "skipped")
_COUNTED = {
    "total": "COUNT(s.id)",
    **{word: f"SUM(CASE WHEN s.status = '{word}' THEN 1 ELSE 0 END)" for word in _BY_STATUS},
    "blocked": "SUM(CASE WHEN s.status = 'pending' AND s.unmet > 0 THEN 1 ELSE 0 END)",
    "at_barrier": "SUM(CASE WHEN s.status = 'pending' AND s.phase > r.phase THEN 1 ELSE 0 END)",
    "delayed": "SUM(CASE WHEN s.status = 'pending' AND s.not_before IS NOT NULL THEN 1 ELSE 0 END)",
    "outside": "SUM(CASE WHEN s.status = 'pending' AND s.unmet = 0 AND s.not_before IS NULL AND s.executor IS NULL "
    "THEN 1 ELSE 0 END)",
    "held_back": "SUM(CASE WHEN s.status = 'pending' AND s.waits_for = 'resource' THEN 1 ELSE 0 END)",
    "rate_limited": "SUM(CASE WHEN s.status = 'pending' AND s.waits_for = 'rate_limit' THEN 1 ELSE 0 END)",
    "claiming": "SUM(CASE WHEN s.claims IS NOT NULL AND s.claims <> '[]' THEN 1 ELSE 0 END)",
    "approvals": "SUM(CASE WHEN s.executor ->> 'name' = 'approval' THEN 1 ELSE 0 END)",
    "asking": "SUM(CASE WHEN s.status = 'in_progress' AND s.waits_for = 'person' THEN 1 ELSE 0 END)",
    "questions": "SUM(CASE WHEN s.status = 'in_progress' AND s.question <> '' THEN 1 ELSE 0 END)",
    "open_query": "SUM(CASE WHEN s.status = 'in_progress' AND s.waits_for = '' AND s.lane = 'query' THEN 1 ELSE 0 END)",
    "open_execute": (
        "SUM(CASE WHEN s.status = 'in_progress' AND s.waits_for = '' AND s.lane = 'execute' THEN 1 ELSE 0 END)"
    ),
    "open_undeclared": (
        "SUM(CASE WHEN s.status = 'in_progress' AND s.waits_for = '' AND s.lane = 'execute' AND s.claims IS NULL "
        "THEN 1 ELSE 0 END)"
    ),
    "open_alone": "SUM(CASE WHEN s.status = 'in_progress' AND s.alone THEN 1 ELSE 0 END)",
    "stopping": "SUM(CASE WHEN s.status = 'in_progress' AND s.cancel_requested_at IS NOT NULL THEN 1 ELSE 0 END)",
}
_OF_ATTEMPTS = {
    "losses": "SUM(CASE WHEN a.status = 'lost' THEN 1 ELSE 0 END)",
    "input_tokens": "SUM(a.input_tokens)",
    "output_tokens": "SUM(a.output_tokens)",
    "cost": "SUM(a.cost)",
}
_OF_EVENTS = {
    "retries": "SUM(CASE WHEN e.kind IN ('failed', 'timed_out', 'lost') AND e.after = 'pending' THEN 1 ELSE 0 END)",
}
_SUMMED = {
    "expected_total": "SUM(s.expected_seconds)",
    "expected_ended": "SUM(CASE WHEN s.status IN ('pending', 'in_progress') THEN 0 ELSE s.expected_seconds END)",
}
_FLOATS = {"cost", *_SUMMED}
_RELEASED = """EXISTS (
    SELECT 1 FROM runs_event e WHERE e.subtask_id = a.subtask_id AND e.attempt_id = a.id AND e.kind = 'released')"""


def _runs_as_counted(scope: Scope) -> Iterator[str]:
    yield from _differing(scope, _COUNTED | _SUMMED, "runs_subtask s ON s.run_id = r.id")


def _runs_as_tried(scope: Scope) -> Iterator[str]:
    yield from _differing(scope, _OF_ATTEMPTS, "runs_attempt a ON a.run_id = r.id")
    yield from _differing(scope, _OF_EVENTS, "runs_event e ON e.run_id = r.id")


def _differing(scope: Scope, sums: dict[str, str], joined: str) -> Iterator[str]:
    columns = ", ".join(f"COALESCE({text}, 0)" for text in sums.values())
    text = f"SELECT r.id, {columns} FROM runs_run r LEFT JOIN {joined} WHERE {scope.where('r.id')} GROUP BY r.id"
    counted = {row[0]: dict(zip(sums, row[1:], strict=True)) for row in query(text)}
    kept = Run.objects.filter(pk__in=counted) if scope.run_id is not None else Run.objects.all()
    for run in kept.values("pk", *sums).iterator():
        for name, found in counted.get(run["pk"], {}).items():
            if not (near(run[name], found) if name in _FLOATS else run[name] == found):
                yield f"run {run['pk']} keeps {name} = {run[name]}, and there are {found}"


def _agents_as_counted(scope: Scope) -> Iterator[str]:
    """An agent that did nothing in a run has no row there; whoever opened an attempt has one."""
    text = f"""
        SELECT a.run_id, a.agent_id, g.open, g.completed, g.unsuccessful,
               SUM(CASE WHEN a.status IN ('leased', 'running') AND a.waits_for <> 'person' THEN 1 ELSE 0 END),
               SUM(CASE WHEN a.status = 'succeeded' THEN 1 ELSE 0 END),
               SUM(CASE WHEN a.status IN ('failed', 'timed_out', 'lost')
                        OR (a.status = 'cancelled' AND NOT {_RELEASED}) THEN 1 ELSE 0 END)
        FROM runs_attempt a LEFT JOIN runs_runagent g ON g.run_id = a.run_id AND g.agent_id = a.agent_id
        WHERE {scope.where("a.run_id")} GROUP BY a.run_id, a.agent_id, g.open, g.completed, g.unsuccessful
        UNION ALL
        SELECT g.run_id, g.agent_id, g.open, g.completed, g.unsuccessful, 0, 0, 0 FROM runs_runagent g
        WHERE {scope.where("g.run_id")} AND NOT EXISTS (
            SELECT 1 FROM runs_attempt a WHERE a.run_id = g.run_id AND a.agent_id = g.agent_id)
    """
    for run, agent, *numbers in query(text):
        kept, found = numbers[:3], numbers[3:]
        if kept != found:
            yield (
                f"of agent {agent} in run {run} there is kept (open, completed, unsuccessful): "
                f"{_told(kept)}, and there are {_told(found)}"
            )


def _told(numbers: list[int | None]) -> str:
    return "nothing" if numbers[0] is None else ", ".join(map(str, numbers))


def _seats_belong_to_open_attempts(scope: Scope) -> Iterator[str]:
    text = f"""
        SELECT r.id, r.agents_active, COUNT(DISTINCT a.agent_id) FROM runs_run r
        LEFT JOIN runs_attempt a ON a.run_id = r.id AND a.status IN ('leased', 'running') AND a.waits_for <> 'person'
        WHERE {scope.where("r.id")} GROUP BY r.id, r.agents_active HAVING COUNT(DISTINCT a.agent_id) <> r.agents_active
    """
    for run, kept, found in query(text):
        yield f"run {run} keeps {kept} active agents, and {found} have an open attempt"


CHECKS = [
    Check("I8", "the counters of a run equal its subtasks", _runs_as_counted),
    Check("I8", "the losses, retries, tokens and cost of a run equal its attempts", _runs_as_tried),
    Check("I8", "what is kept of an agent's work equals its attempts", _agents_as_counted),
    Check("I12", "every seat taken belongs to an open attempt", _seats_belong_to_open_attempts),
]
