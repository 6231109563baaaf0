"""What the page of a todo shows of its plan: the same plan as over REST, cut to what can be read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, get_args

from dashboard.pages import plan_pictures
from dashboard.words import ansi, figures
from runs.api.plan import PlanIn
from runs.planning.answers import ConflictAnswer, PlanAnswer, Planned
from todos.plan.claims import FILE

SHOWN_WAVES = 8
SHOWN_KEYS = 6
SHOWN_CONFLICTS = 8
SHOWN_CHAIN = 12
SHOWN_ROWS = 100


@dataclass(frozen=True, slots=True)
class PlanForm:
    """What was asked for, and what is wrong with it by field ("" for the whole)."""

    values: Mapping[str, Any] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)

    @property
    def max_agents(self) -> Any:
        return self.values.get("max_agents", PlanIn.model_fields["max_agents"].default)

    @property
    def strategy(self) -> Any:
        return self.values.get("strategy", PlanIn.model_fields["strategy"].default)

    @property
    def strategies(self) -> list[str]:
        return list(get_args(PlanIn.model_fields["strategy"].annotation))


@dataclass(frozen=True, slots=True)
class Few:
    """The first of some names, and how many more there are."""

    shown: Sequence[str]
    more: int

    @classmethod
    def of(cls, names: Sequence[str], most: int = SHOWN_KEYS) -> "Few":
        return cls(names[:most], max(0, len(names) - most))

    @property
    def total(self) -> int:
        return len(self.shown) + self.more


@dataclass(frozen=True, slots=True)
class Shared:
    """What several claim: those that stand in the way of all others of them, and the others."""

    kind: str
    name: str
    writers: Few
    others: Few

    @classmethod
    def of(cls, found: ConflictAnswer) -> "Shared":
        writers = set(found["writers"])
        others = [key for key in found["keys"] if key not in writers]
        return cls(found["kind"], found["name"], Few.of(found["writers"]), Few.of(others))

    @property
    def is_file(self) -> bool:
        return self.kind == FILE

    @property
    def total(self) -> int:
        return self.writers.total + self.others.total


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan, as the template shows it."""

    answer: PlanAnswer
    agents: int
    curve: plan_pictures.Curve
    gantt: plan_pictures.Gantt
    waves: list[Few]
    conflicts: list[Shared]
    chain: Few
    rows: Sequence[Planned]
    least_seconds: float
    binding: str

    @property
    def speedup(self) -> float | None:
        makespan = self.answer["predicted_makespan_seconds"]
        return self.answer["work_seconds"] / makespan if makespan else None

    @property
    def subtasks(self) -> int:
        return len(self.answer["schedule"])

    @property
    def more_waves(self) -> int:
        return len(self.answer["waves"]) - len(self.waves)

    @property
    def more_conflicts(self) -> int:
        return len(self.answer["conflicts"]) - len(self.conflicts)


def shown(answer: PlanAnswer, max_agents: int) -> Plan:
    span, work = answer["limits"]["work_span"], answer["work_seconds"]
    least = work / span if span else answer["critical_path_seconds"]
    agents = 1 if answer["strategy"] == "sequential" else max_agents
    makespan = answer["predicted_makespan_seconds"]
    return Plan(
        answer,
        agents,
        plan_pictures.curve(answer["agents_curve"], agents, least),
        plan_pictures.gantt(answer["schedule"], set(answer["critical_path"]), makespan),
        [Few.of(wave) for wave in answer["waves"][:SHOWN_WAVES]],
        _shared(answer),
        Few.of(answer["critical_path"], SHOWN_CHAIN),
        answer["schedule"][:SHOWN_ROWS],
        least,
        _binding(answer, agents),
    )


def _shared(answer: PlanAnswer) -> list[Shared]:
    """Those that keep most subtasks apart first."""
    most = sorted(answer["conflicts"], key=lambda one: -len(one["keys"]))
    return [Shared.of(one) for one in most[:SHOWN_CONFLICTS]]


def _binding(answer: PlanAnswer, agents: int) -> str:
    """What sets the upper limit, in words."""
    limits = answer["limits"]
    resource = limits["resource"]
    if limits["binding"] == "resource" and resource is not None:
        return f"the {resource['kind']} {ansi.visible(resource['name'])}, for which subtasks take turns"
    if limits["binding"] == "agents":
        return f"the agents: {figures.plural(agents, 'agent')}, busy all the time"
    return "the critical path: its subtasks wait for each other, however many agents there are"
