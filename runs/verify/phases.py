"""I17: behind barriers phases begin one after the other, each when the one before has ended or its time is over."""

from collections.abc import Iterator

from runs.models import Event
from runs.verify.base import Check, Scope, query, rows

_UNENDED = """
    SELECT COUNT(*) FROM runs_subtask s WHERE s.run_id = %(run)s AND s.phase = %(phase)s AND NOT EXISTS (
        SELECT 1 FROM runs_event e WHERE e.subtask_id = s.id AND e.seq < %(seq)s
        AND e.after IN ('completed', 'failed', 'cancelled', 'skipped'))
      AND NOT EXISTS (SELECT 1 FROM runs_event n WHERE n.subtask_id = s.id AND n.kind = 'added' AND n.seq > %(seq)s)
"""


def _begun_in_turn(scope: Scope) -> Iterator[str]:
    begun = Event.objects.filter(kind="phase_begun", run__trim_seq=0)
    if scope.run_id is not None:
        begun = begun.filter(run=scope.run_id)
    for run, seq, told in begun.values_list("run_id", "seq", "data").iterator():
        data = told or {}
        if data.get("barrier") == "released":
            ((left,),) = query(_UNENDED, {"run": run, "phase": data["after"], "seq": seq})
            if left:
                yield f"phase {data['phase']} of run {run} began while {left} of phase {data['after']} had not ended"


CHECKS = [
    Check("I17", "a phase begins when all of the one before have ended, or its time is over", _begun_in_turn),
    Check(
        "I17",
        "nothing starts before its phase",
        rows(
            """
            SELECT s.id, s.phase, r.id, r.phase FROM runs_subtask s JOIN runs_run r ON r.id = s.run_id
            WHERE {scope} AND s.phase > r.phase AND s.epoch > 0
            """,
            "subtask {0} of phase {1} was started, and run {2} is at phase {3}",
            "s.run_id",
        ),
    ),
]
