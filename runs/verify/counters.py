"""I8 and I12: what is kept equals what is there."""

from collections.abc import Iterator

from runs.models import Run
from runs.verify.base import Check, Scope, query

_BY_STATUS = ("pending", "in_progress", "completed", "failed", "cancelled", "skipped")
_COUNTED = {
    "total": "COUNT(s.id)",
    **{word: f"SUM(CASE WHEN s.status = '{word}' THEN 1 ELSE 0 END)" for word in _BY_STATUS},
    "blocked": "SUM(CASE WHEN s.status = 'pending' AND s.unmet > 0 THEN 1 ELSE 0 END)",
    "delayed": "SUM(CASE WHEN s.status = 'pending' AND s.not_before IS NOT NULL THEN 1 ELSE 0 END)",
    "outside": "SUM(CASE WHEN s.status = 'pending' AND s.unmet = 0 AND s.not_before IS NULL AND s.executor IS NULL "
    "THEN 1 ELSE 0 END)",
    "held_back": "SUM(CASE WHEN s.status = 'pending' AND s.waits_for = 'resource' THEN 1 ELSE 0 END)",
    "rate_limited": "SUM(CASE WHEN s.status = 'pending' AND s.waits_for = 'rate_limit' THEN 1 ELSE 0 END)",
    "claiming": "SUM(CASE WHEN s.claims IS NOT NULL AND s.claims <> '[]' THEN 1 ELSE 0 END)",
    "open_query": "SUM(CASE WHEN s.status = 'in_progress' AND s.lane = 'query' THEN 1 ELSE 0 END)",
    "open_execute": "SUM(CASE WHEN s.status = 'in_progress' AND s.lane = 'execute' THEN 1 ELSE 0 END)",
    "open_undeclared": (
        "SUM(CASE WHEN s.status = 'in_progress' AND s.lane = 'execute' AND s.claims IS NULL THEN 1 ELSE 0 END)"
    ),
    "open_alone": "SUM(CASE WHEN s.status = 'in_progress' AND s.alone THEN 1 ELSE 0 END)",
    "stopping": "SUM(CASE WHEN s.status = 'in_progress' AND s.cancel_requested_at IS NOT NULL THEN 1 ELSE 0 END)",
}
_SUMMED = {
    "expected_total": "SUM(s.expected_seconds)",
    "expected_ended": "SUM(CASE WHEN s.status IN ('pending', 'in_progress') THEN 0 ELSE s.expected_seconds END)",
}
_NEAR = 1e-6  # of the larger: sums of floats in another order


def _runs_as_counted(scope: Scope) -> Iterator[str]:
    columns = ", ".join(f"COALESCE({text}, 0)" for text in (_COUNTED | _SUMMED).values())
    text = f"""
        SELECT r.id, {columns} FROM runs_run r LEFT JOIN runs_subtask s ON s.run_id = r.id
        WHERE {scope.where("r.id")} GROUP BY r.id
    """
    counted = {row[0]: dict(zip(_COUNTED | _SUMMED, row[1:], strict=True)) for row in query(text)}
    kept = Run.objects.filter(pk__in=counted) if scope.run_id is not None else Run.objects.all()
    for run in kept.values("pk", *_COUNTED, *_SUMMED).iterator():
        for name, found in counted.get(run["pk"], {}).items():
            near = _NEAR * max(1.0, abs(found)) if name in _SUMMED else 0
            if abs(run[name] - found) > near:
                yield f"run {run['pk']} keeps {name} = {run[name]}, and there are {found}"


def _agents_as_counted(scope: Scope) -> Iterator[str]:
    text = f"""
        SELECT g.run_id, g.agent_id, g.open, g.completed, g.unsuccessful,
               SUM(CASE WHEN a.status IN ('leased', 'running') THEN 1 ELSE 0 END),
               SUM(CASE WHEN a.status = 'succeeded' THEN 1 ELSE 0 END)
        FROM runs_runagent g LEFT JOIN runs_attempt a ON a.run_id = g.run_id AND a.agent_id = g.agent_id
        WHERE {scope.where("g.run_id")} GROUP BY g.run_id, g.agent_id, g.open, g.completed, g.unsuccessful
    """
    for run, agent, open_kept, completed_kept, _, opened, completed in query(text):
        if (open_kept, completed_kept) != (opened, completed):
            yield (
                f"agent {agent} in run {run}: {open_kept} open and {completed_kept} completed are kept, "
                f"{opened} and {completed} are there"
            )


def _seats_belong_to_open_attempts(scope: Scope) -> Iterator[str]:
    text = f"""
        SELECT r.id, r.agents_active, COUNT(DISTINCT a.agent_id) FROM runs_run r
        LEFT JOIN runs_attempt a ON a.run_id = r.id AND a.status IN ('leased', 'running')
        WHERE {scope.where("r.id")} GROUP BY r.id, r.agents_active HAVING COUNT(DISTINCT a.agent_id) <> r.agents_active
    """
    for run, kept, found in query(text):
        yield f"run {run} keeps {kept} active agents, and {found} have an open attempt"


CHECKS = [
    Check("I8", "the counters of a run equal its subtasks", _runs_as_counted),
    Check("I8", "what is kept of an agent's work equals its attempts", _agents_as_counted),
    Check("I12", "every seat taken belongs to an open attempt", _seats_belong_to_open_attempts),
]
