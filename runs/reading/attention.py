"""What waits for a person: things that nothing but a person can move on, most held-up work first."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery, Sum

from runs import statements as sql
from runs.claims import waits
from runs.engine import expected, states
from runs.models import Backend, Run, Subtask
from runs.steering import lost
from runs.steering.lost import Lost

ADDED_UP = 1_000  # skipped subtasks of one run, whose estimates are read one by one
LOOKED_AT = 100  # of the newest runs: what is older and was never looked at is not going to be
FORGOTTEN_AFTER = timedelta(days=3)
_ASKS = Q(waits_for=states.Wait.PERSON) | ~Q(question="")


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to decide. `holds_up`: subtasks that cannot go on, or never started, because of it.

    A question has the subtask that asks it; it names no failures. Nor does an agent that is lost. `seconds`: what those
    that have not begun would take one agent, by estimate; None unless that is known of all. `first`: what failed first.
    That, and the seconds of what failures hold up, are there where somebody asked for them.
    """

    run: Run
    failed: int
    holds_up: int
    ended: bool
    seconds: float | None = None
    subtask: Subtask | None = None
    question: str = ""
    lost: Lost | None = None
    first: Subtask | None = None

    @property
    def rank(self) -> int:
        """What comes first of what holds up as much: somebody who asks, something silent, what is over."""
        return 0 if self.subtask else 1 if self.lost else 2


def items(owner_id: int, now: datetime, limit: int = 20) -> list[Item]:
    """Questions nobody has answered, agents that are lost, and runs in which work failed, unless they were tried again
    since; those that hold up most first."""
    found = [Item(run, run.failed, run.skipped, run.finished_at is not None) for run in _failed(owner_id, now)]
    found += _questions(owner_id)
    found += _silent(owner_id, now)
    return sorted(found, key=lambda item: (-item.holds_up, item.rank, -item.failed, -item.run.pk))[:limit]


@dataclass(slots=True)
class Waiting:
    """What waits in one run: how many questions, how many failures, which lost agents."""

    asking: int = 0
    failed: int = 0
    lost: list[str] = field(default_factory=list)


def by_run(owner_id: int, now: datetime) -> dict[int, Waiting]:
    """Every run in which something waits, by its id."""
    found: defaultdict[int, Waiting] = defaultdict(Waiting)
    for run, failed in _failed(owner_id, now).values_list("pk", "failed"):
        found[run].failed = failed
    for run, asking in _asking(owner_id).values_list("pk", F("asking") + F("questions")):
        found[run].asking = asking
    for one in lost.agents(owner_id, now):
        found[one.attempt.run_id].lost.append(one.agent.name)
    return dict(found)


def with_failures(found: Sequence[Item]) -> list[Item]:
    """The same; those in which work failed with the subtask that failed first, and with the seconds they hold up."""
    asked = [item.run.pk for item in found if item.failed]
    failed = Subtask.objects.filter(run=OuterRef("pk"), status=states.Status.FAILED).order_by("finished_at", "pk")
    first = Run.objects.filter(pk__in=asked).values_list(Subquery(failed.values("pk")[:1])) if asked else ()
    subtasks = {
        one.run_id: one for one in Subtask.objects.filter(pk__in=[number for (number,) in first]).defer("result")
    }
    countable = [(item.run.pk,) for item in found if item.failed and 0 < item.holds_up <= ADDED_UP]
    seconds = dict(sql.SKIPPED_SECONDS(countable)) if countable else {}
    return [
        replace(item, first=subtasks.get(item.run.pk), seconds=seconds.get(item.run.pk)) if item.failed else item
        for item in found
    ]


def _silent(owner_id: int, now: datetime) -> list[Item]:
    """What a lost agent was at holds up itself, too, until another takes it up."""
    agents = lost.agents(owner_id, now)
    behind = _held_up([one.attempt.subtask for one in agents if one.waits])
    items = []
    for one in agents:
        subtask, ended = one.attempt.subtask, one.attempt.run.finished_at is not None
        number, seconds = behind.get(one.attempt.subtask_id, (0, 0.0))
        own = _seconds(subtask)
        both = seconds + own if one.waits and seconds is not None and own is not None else None
        items.append(Item(one.attempt.run, 0, number + 1 if one.waits else 0, ended, both, lost=one))
    return items


def _seconds(subtask: Subtask) -> float | None:
    """What it is known to take, as the statements have it."""
    told = expected.told(subtask.executor, subtask.estimated_seconds)
    return subtask.usual_seconds if told is None else subtask.expected_seconds


def count(owner_id: int, now: datetime) -> int:
    """How many there are, for the number beside the navigation."""
    asked = _asking(owner_id).aggregate(number=Sum(F("asking") + F("questions")))["number"] or 0
    return _failed(owner_id, now).count() + int(asked) + lost.count(owner_id, now)


def question(run: Run, subtask: Subtask) -> str:
    """What it asks a person who can answer here; empty when it asks nothing, or elsewhere."""
    asks = subtask.status == states.Status.IN_PROGRESS and (subtask.question or subtask.waits_for == states.Wait.PERSON)
    here = run.backend != Backend.TRACKED or not subtask.question
    return waits.question_of(subtask) if asks and here and run.status in states.RUN_UNENDED else ""


def of_run(run: Run, limit: int) -> list[tuple[Subtask, str]]:
    """Its subtasks that ask, the first that were asked, with what they ask."""
    if run.status not in states.RUN_UNENDED or not run.asking + run.questions:
        return []
    asking = Subtask.objects.filter(_ASKS, run=run.pk, status=states.Status.IN_PROGRESS)
    return [(one, waits.question_of(one)) for one in asking.defer("result").order_by("started_at", "pk")[:limit]]


def _asking(owner_id: int) -> QuerySet[Run]:
    asking = Q(asking__gt=0) | Q(questions__gt=0)
    return Run.objects.filter(asking, owner=owner_id, status__in=states.RUN_UNENDED)


def _questions(owner_id: int) -> list[Item]:
    """The first that were asked, LOOKED_AT at most. What an agent is at while it asks is held up itself, too."""
    runs = _asking(owner_id).defer("result").in_bulk()
    asking = Subtask.objects.filter(_ASKS, run__in=runs, status=states.Status.IN_PROGRESS)
    subtasks = list(asking.defer("result").order_by("started_at", "pk")[:LOOKED_AT] if runs else ())
    behind = _held_up(subtasks)
    nothing = (0, None)
    return [
        Item(
            runs[one.run_id],
            failed=0,
            holds_up=behind.get(one.pk, nothing)[0] + bool(one.question),
            seconds=behind.get(one.pk, nothing)[1],
            ended=False,
            subtask=one,
            question=waits.question_of(one),
        )
        for one in subtasks
    ]


def _held_up(subtasks: Sequence[Subtask]) -> dict[int, tuple[int, float | None]]:
    """How many pending subtasks depend on each of these, directly or through others, and the seconds they take."""
    rows = sql.HELD_UP([(subtask.pk,) for subtask in subtasks]) if subtasks else []
    return {first: (number, seconds) for first, number, seconds in rows}


def _failed(owner_id: int, now: datetime) -> QuerySet[Run]:
    newest = Run.objects.filter(owner=owner_id).order_by("-pk").values("pk")[:LOOKED_AT]
    recent = Q(status__in=states.RUN_UNENDED, failed__gt=0) | Q(
        status=states.Run.FAILED, failed__gt=0, finished_at__gt=now - FORGOTTEN_AFTER
    )
    tried_again = Run.objects.filter(retry_of=OuterRef("pk"))
    return Run.objects.filter(recent, ~Exists(tried_again), pk__in=newest)
