"""What is answered about a plan."""

from typing_extensions import TypedDict

from todos.rest.answers import closed


@closed
class ConflictAnswer(TypedDict):
    """Subtasks that cannot all run at once. Each of `writers` stands in the way of all other `keys`."""

    kind: str
    name: str
    keys: list[str]
    writers: list[str]


@closed
class CurvePoint(TypedDict):
    agents: int
    makespan_seconds: float
    speedup: float | None


@closed
class NamedResource(TypedDict):
    kind: str
    name: str


@closed
class LimitsAnswer(TypedDict):
    """Speedups: at least `amdahl` (null where resources are claimed), at most `work_span`. `binding` is what sets the
    upper limit: `critical_path`, `agents`, or `resource` with its name.
    """

    amdahl: float | None
    work_span: float | None
    binding: str
    resource: NamedResource | None


@closed
class RunLimits(TypedDict):
    """The same of a run. `amdahl` is null where anything but dependencies may keep subtasks apart; `binding` may be
    `barriers`, too. All are null where nothing is expected of it."""

    amdahl: float | None
    work_span: float | None
    binding: str | None
    resource: NamedResource | None


@closed
class Planned(TypedDict):
    key: str
    agent: int
    start_seconds: float
    finish_seconds: float


@closed
class PlanAnswer(TypedDict):
    """What a run would do. `waves` and `groups` are views: nothing waits for one of them to end."""

    strategy: str
    reason: str
    waves: list[list[str]]
    groups: list[list[str]]
    critical_path: list[str]
    critical_path_seconds: float
    work_seconds: float
    conflicts: list[ConflictAnswer]
    optimal_agents: int
    rule_of_thumb_agents: int
    agents_curve: list[CurvePoint]
    predicted_makespan_seconds: float
    limits: LimitsAnswer
    theoretical_speedup: float | None
    schedule: list[Planned]
