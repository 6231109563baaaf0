"""I8, the work: what a run keeps of what was done, and of what the same took one agent before, equals its attempts."""

from collections import defaultdict
from collections.abc import Iterator

from runs.engine import states
from runs.models import Run
from runs.sql import moment
from runs.verify.base import Check, Scope, near, query

_KEPT = ("work_done", "usual_took", "usual_work")
Sums = tuple[float, float, float]


def _work_as_done(scope: Scope) -> Iterator[str]:
    """Runs of which nobody counted are left out; of others what agents completed counts, not what people answered."""
    done = _done(scope)
    runs = Run.objects.filter(usual_work__isnull=False)
    runs = runs.filter(pk=scope.run_id) if scope.run_id is not None else runs
    for number, *kept in runs.order_by().values_list("pk", *_KEPT):
        for name, one, found in zip(_KEPT, kept, done[number]):
            if not near(one, found):
                yield f"run {number} keeps {name} = {one:.6f}, and there are {found:.6f}"


def _done(scope: Scope) -> dict[int, Sums]:
    text = f"""
        SELECT a.run_id, a.started_at, a.finished_at, a.worked_seconds, s.usual_seconds
        FROM runs_attempt a JOIN runs_subtask s ON s.id = a.subtask_id
        WHERE {scope.where("a.run_id")} AND a.status = '{states.Attempt.SUCCEEDED}'
          AND NOT EXISTS (SELECT 1 FROM runs_agent g WHERE g.id = a.agent_id AND g.kind = 'person')
    """
    found: dict[int, Sums] = defaultdict(lambda: (0.0, 0.0, 0.0))
    for run, started, finished, worked, usual in query(text):
        begin, end = moment(started), moment(finished)
        took = max(0.0, (end - begin).total_seconds()) if begin and end else 0.0
        work = took if worked is None else worked
        more = (work, 0.0, 0.0) if usual is None else (work, work, usual)
        so_far = found[run]
        found[run] = so_far[0] + more[0], so_far[1] + more[1], so_far[2] + more[2]
    return found


CHECKS = [Check("I8", "the work that is kept of a run equals its attempts", _work_as_done)]
