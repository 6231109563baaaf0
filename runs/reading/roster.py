"""Who works here: the tree of agents, what each is at, and what it has done. Nothing grows with the size of a run.

Numbers are of the newest RUNS_COUNTED runs of whoever asks: what agents do for others is nobody's business but theirs.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Max, Q, QuerySet, Sum

from runs.engine import states
from runs.models import Agent, Attempt, Run, RunAgent
from runs.reading import activity, presence

RUNS_COUNTED = 100
LOOKED_THROUGH = 3_000  # of the newest attempts, for what an agent does most
MOST_AGENTS = 2_000


@dataclass(frozen=True, slots=True)
class Member:
    """An agent in its place: `depth` below the top of its tree. `heard`: None of the server's own, which say none."""

    pk: int
    name: str
    kind: str
    depth: int
    status: str
    heard: datetime | None


@dataclass(frozen=True, slots=True)
class Figures:
    """What an agent has done. `elapsed`: seconds that its runs have gone on; `busy`: of these, at what has ended;
    `so_far`: at what it holds now. `newest`: the newest run it was in."""

    completed: int = 0
    ended: int = 0
    busy: float = 0.0
    so_far: float = 0.0
    elapsed: float = 0.0
    most: str = ""
    at: Attempt | None = None
    newest: Run | None = None

    @property
    def utilization(self) -> float | None:
        return min(1.0, (self.busy + self.so_far) / self.elapsed) if self.elapsed >= 1 else None

    @property
    def per_minute(self) -> float | None:
        return 60 * self.completed / self.elapsed if self.elapsed >= 1 and self.completed else None

    @property
    def average(self) -> float | None:
        """Seconds of an attempt that has ended."""
        return self.busy / self.ended if self.ended else None


def visible(owner_id: int) -> QuerySet[Agent]:
    """The owner's, and the server's own workers."""
    return Agent.objects.filter(Q(token__owner=owner_id) | Q(token=None)).exclude(kind="person")


def members(owner_id: int, now: datetime) -> list[Member]:
    """All of them, each below its parent; the newest MOST_AGENTS."""
    at_work = set(
        RunAgent.objects.filter(open__gt=0, run__status__in=states.RUN_UNENDED).values_list("agent", flat=True)
    )
    at_work |= set().union(*activity.at_work(activity.unended(owner_id), now).values())
    columns = ("pk", "name", "kind", "parent_id", "token_id", "last_beat_at", "retired_at")
    rows = list(visible(owner_id).order_by("-pk").values_list(*columns)[:MOST_AGENTS])
    words = presence.last_words([row[0] for row in rows if row[4] is not None])
    found, parents = {}, {}
    for number, name, kind, parent, token, said, retired in rows:
        last = words.get(number)
        heard = max(said, last.at if last else said) if token is not None else None
        awaited = heard if presence.owes_a_word(kind, token, last) else None
        is_retired = retired is not None
        status = presence.status(at_work=number in at_work, heard=awaited, retired=is_retired, now=now)
        found[number] = Member(number, name, kind, 0, status, heard)
        parents[number] = parent
    return _as_tree(found, parents)


def _by_name(member: Member) -> tuple[str, int, str, int]:
    """By words, then by the number at the end: agent-2 before agent-10."""
    words = member.name.rstrip("0123456789")
    return words, len(member.name), member.name, member.pk


def _as_tree(found: Mapping[int, Member], parents: Mapping[int, int | None]) -> list[Member]:
    below: dict[int | None, list[Member]] = {}
    for number, member in found.items():
        parent = parents[number]
        below.setdefault(parent if parent in found else None, []).append(member)
    for group in below.values():
        group.sort(key=_by_name, reverse=True)
    stack, ordered = [(member, 0) for member in below.get(None, [])], []
    while stack:
        member, depth = stack.pop()
        ordered.append(Member(member.pk, member.name, member.kind, depth, member.status, member.heard))
        stack += [(child, depth + 1) for child in below.get(member.pk, [])]
    return ordered


# ---- what they have done ----


def figures(owner_id: int, agents: Iterable[int], now: datetime) -> dict[int, Figures]:
    """For these agents, by id, in five queries."""
    wanted = list(agents)
    runs = list(Run.objects.filter(owner=owner_id).order_by("-pk").values_list("pk", flat=True)[:RUNS_COUNTED])
    most, at = _most(runs, wanted), _at(runs, wanted)
    passed = presence.passed(now)
    rows = RunAgent.objects.filter(run__in=runs, agent__in=wanted, run__started_at__isnull=False).values_list("agent")
    summed = {"passed": Sum(passed), "rested": Sum(presence.RESTED), "newest": Max("run")}
    sums = list(rows.annotate(Sum("completed"), Sum("unsuccessful"), Sum("busy_seconds"), **summed).order_by())
    newest = Run.objects.only("content").in_bulk({run for *_, run in sums})
    found = {}
    for agent, completed, unsuccessful, busy, elapsed, rested, run in sums:
        attempt = at.get(agent)
        so_far = presence.at_work(attempt, now) if attempt else 0.0
        seconds = max(0.0, elapsed.total_seconds() - rested) if elapsed else 0.0
        at_what = (most.get(agent, ""), attempt, newest.get(run))
        found[agent] = Figures(completed, completed + unsuccessful, busy, so_far, seconds, *at_what)
    return found


def _most(runs: Sequence[int], agents: Sequence[int]) -> dict[int, str]:
    """What each has completed most of, by executor and lane, among the attempts of late: "shell, execute"."""
    newest = Attempt.objects.aggregate(newest=Max("pk"))["newest"] or 0
    done = Attempt.objects.filter(
        pk__gt=newest - LOOKED_THROUGH, agent__in=agents, run__in=runs, status=states.Attempt.SUCCEEDED
    )
    columns = ("agent", "subtask__executor__name", "subtask__lane")
    rows = done.order_by().values_list(*columns).annotate(number=Count("pk")).order_by("number", *columns[1:])
    return {agent: ", ".join(filter(None, (executor, lane))) for agent, executor, lane, _ in rows}


def _at(runs: Sequence[int], agents: Sequence[int]) -> dict[int, Attempt]:
    """What each holds now, of those it holds the last."""
    columns = (
        "agent_id",
        "run_id",
        "leased_at",
        "started_at",
        "asked_at",
        "asked_seconds",
        "subtask__key",
        "run__content",
    )
    opened = Attempt.objects.filter(status__in=states.ATTEMPT_OPEN, agent__in=agents, run__in=runs)
    return {
        attempt.agent_id: attempt for attempt in opened.select_related("subtask", "run").only(*columns).order_by("pk")
    }
