"""What can be seen of a stored run at one moment, as the estimator wants it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.conf import settings
from django.db.models import Q

from runs.engine import states
from runs.engine.estimate import State, Turn
from runs.engine.estimate.stages import Rules, Waiting, stages
from runs.engine.expected import told
from runs.estimating import past
from runs.making import claimed
from runs.models import Attempt, Run, Subtask, SubtaskDependency
from todos.plan import words
from todos.plan.claims import Claim
from todos.problems import Invalid

RUN = "pk owner_id todo_id backend strategy barriers lanes max_agents agents_allowed started_at".split()
AWAY_AFTER = timedelta(seconds=30)
"""An agent from outside that has ended nothing for so long is not counted on."""
MOST_CLAIMING = 500
SURE = 10
"""What a simulation says of itself is as good as so many runs of it; what a person says is as good as one."""


class Row(NamedTuple):
    """A subtask. Its fields are columns."""

    pk: int
    status: str
    executor: dict[str, Any] | None
    estimated_seconds: float | None
    priority: int
    remaining_seconds: float
    position: int
    phase: int | None
    lane: str
    alone: bool
    claims: Any
    when: str
    epoch: int
    timeout_seconds: float | None
    started_at: datetime | None
    finished_at: datetime | None

    @property
    def rank(self) -> tuple[int, float, int]:
        """As in the line of those that can start."""
        return self.priority, -self.remaining_seconds, self.position


@dataclass(frozen=True, slots=True)
class Nothing:
    """There is no telling when it will be over, and why. `person`: it waits, or will wait, for somebody's answer."""

    why: str


def state(run_id: int, now: datetime, history: past.History | None = None) -> State | Nothing:
    """`history`: None to read it. Raises Run.DoesNotExist."""
    run = Run.objects.filter(pk=run_id).values(*RUN).first()
    if run is None:
        raise Run.DoesNotExist(f"there is no run {run_id}")
    rows = [Row(*row) for row in Subtask.objects.filter(run=run_id).order_by("position").values_list(*Row._fields)]
    if any(words.asks(row.executor) and row.status in ("pending", "in_progress") for row in rows):
        return Nothing("person")
    agents = _agents(run, now)
    if not agents:
        return Nothing("agent")
    return _State(run, rows, agents, now).made(past.history(run, now) if history is None else history)


def _agents(run: Mapping[str, Any], now: datetime) -> int:
    """How many are at it at a time: those the run may have; of agents from outside those that were seen lately."""
    if run["strategy"] == "sequential":
        return 1
    most = int(run["agents_allowed"] or run["max_agents"])
    if run["backend"] != "external":
        return min(most, settings.EMBEDDED_MAX_WORKERS)
    lately = Q(status__in=states.ATTEMPT_OPEN) | Q(finished_at__gte=now - AWAY_AFTER)
    return min(most, Attempt.objects.filter(lately, run=run["pk"]).order_by().values("agent").distinct().count())


def _tried_again(run_id: int) -> dict[int, datetime]:
    """When the tries under way began, of subtasks that had one before."""
    opened = Attempt.objects.filter(run=run_id, status__in=states.ATTEMPT_OPEN, epoch__gt=1)
    return {
        subtask: started or leased
        for subtask, started, leased in opened.values_list("subtask", "started_at", "leased_at")
    }


class _State:
    """Counts are of those that have ended well, are under way, or will run: what else has ended says nothing."""

    def __init__(self, run: Mapping[str, Any], rows: Sequence[Row], agents: int, now: datetime) -> None:
        self.run, self.agents, self.now = run, agents, now
        self.who = past.agent_kinds(run["pk"], run["backend"])
        self.waited = past.waits(run["pk"])
        self.again = _tried_again(run["pk"]) if any(row.epoch > 1 for row in rows) else {}
        self.usual = past.usual(self.who.values())
        self.rows = [row for row in rows if self._counts(row)]
        self.number = {row.pk: at for at, row in enumerate(self.rows)}

    def made(self, history: past.History) -> State:
        done = {at: self._seconds(row) for at, row in enumerate(self.rows) if row.status == "completed"}
        running = {at: self._seconds(row) for at, row in enumerate(self.rows) if row.status == "in_progress"}
        pending = sorted((row.rank, at) for at, row in enumerate(self.rows) if row.status == "pending")
        queue = [at for _, at in pending]
        begun = sorted([*done, *running], key=lambda at: self.rows[at].started_at or self.now)
        said = self._told(history)
        return State(
            now=(self.now - (self.run["started_at"] or self.now)).total_seconds(),
            agents=self.agents,
            kinds=[self._kind(row) for row in self.rows],
            preds=self._preds(),
            done=done,
            running=running,
            queue=queue,
            order=[*begun, *queue],
            history=[*history, *said],
            guessed=not history and any(row.estimated_seconds is not None for row in self.rows),
            limits={self.number[row.pk]: row.timeout_seconds for row in self.rows if row.timeout_seconds},
            stages=self._stages(queue),
            turns=self._turns(),
        )

    def _counts(self, row: Row) -> bool:
        if row.status == "pending":
            return row.when != words.When.FAILED
        return row.status == "in_progress" or (
            row.status == "completed" and row.started_at is not None and row.epoch > 0
        )

    def _seconds(self, row: Row) -> float:
        """Since its first start; of another try under way, since that began: what it takes is still before it."""
        if row.pk in self.again:
            return max(0.0, (self.now - self.again[row.pk]).total_seconds())
        since = row.started_at or self.now
        waited = self.waited.get(row.pk, 0.0)
        return max(0.0, ((row.finished_at or self.now) - since).total_seconds() - waited)

    def _kind(self, row: Row) -> str:
        """Who will do what has not begun is not known: most likely one of those who do most."""
        outside = row.pk in self.who or (self.run["backend"] == "external" and row.status == "pending")
        return past.kind(row.executor, row.estimated_seconds, self.who.get(row.pk, self.usual) if outside else "")

    def _turns(self) -> list[Turn]:
        """What is claimed by what has not ended. Nothing where very many claim something: to compare them all would
        take seconds."""
        left = {at: row for at, row in enumerate(self.rows) if row.claims and row.status != "completed"}
        if not 1 < len(left) <= MOST_CLAIMING:
            return []
        try:
            units = claimed.units_of({at: [Claim(**claim) for claim in row.claims] for at, row in left.items()})
        except Invalid:
            return []
        return [Turn(one.capacity, one.held) for one in units]

    def _preds(self) -> list[list[int]]:
        preds: list[list[int]] = [[] for _ in self.rows]
        links = SubtaskDependency.objects.filter(run=self.run["pk"]).order_by().values_list("before_id", "after_id")
        for before, after in links:
            if before in self.number and after in self.number:
                preds[self.number[after]].append(self.number[before])
        return preds

    def _told(self, history: past.History) -> past.History:
        """What is said of kinds that no earlier run knows, as a run of its own."""
        known = {kind for run in history for kind, _ in run}
        said: dict[str, tuple[float, int]] = {}
        for row in self.rows:
            seconds = told(row.executor, row.estimated_seconds)
            if seconds is not None and self._kind(row) not in known:
                said.setdefault(self._kind(row), (seconds, 1 if row.estimated_seconds is not None else SURE))
        return [[(kind, seconds) for kind, (seconds, times) in said.items() for _ in range(times)]] if said else []

    def _stages(self, queue: Sequence[int]) -> list[Any]:
        limits = {
            lane: said["concurrency"] for lane, said in (self.run["lanes"] or {}).items() if said.get("concurrency")
        }
        rules = Rules(self.run["strategy"], self.agents, self.run["barriers"], limits)
        if not (rules.barriers or limits or rules.strategy == "hybrid" or any(self.rows[at].alone for at in queue)):
            return []
        rows = ((at, self.rows[at]) for at in queue)
        return stages([Waiting(at, row.phase, row.lane, row.alone, row.claims is not None) for at, row in rows], rules)
