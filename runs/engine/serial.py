"""Whether a run that was allowed more than one agent did one thing at a time, why, and what to tell the agent then."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

VERDICT = "ran serial"
FEWEST = 3  # completed subtasks: before that nothing is said
ALMOST_NEVER = 0.05  # of the subtasks had another one beside them when they began
MOST = 0.8  # of the subtasks, or of the work, explain a whole run

_CALLS = (
    "Calls that do not need each other's results belong together: make them all in one message, and use one agent for "
    "each piece of independent work. Read everything you need in one batch before you change anything."
)
_LEASES = (
    "Do not wait for one subtask to end before you take the next: lease as many as you can work on at once (`limit`), "
    "and give each to an agent of its own."
)
_CHAIN = (
    "Name in `depends_on` only the subtasks whose results a subtask really needs. Split the work by files or modules, "
    "so that the pieces need nothing of each other."
)
_LOCK = (
    "Give each subtask files of its own. Claim what it only reads with `mode: read`, and name the files it writes "
    "rather than the whole folder."
)
_SHARE = "Claim no more of {name} than a subtask really uses, so that two of them fit beside each other."
_ALONE = "Set `parallelizable: false` only where nothing at all may run beside a subtask, and leave it out elsewhere."
_WRITES = (
    "Name in `resources` the files that each subtask changes (`[]` if it changes none): changes of different files may "
    "then be made at once."
)
_LANE = "Leave out `concurrency` of the lane {lane}, or raise it, if its subtasks may run beside each other."
_SEATS = "Give the run more room: there was one seat for all of its subtasks."


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a run. `overlapped`: attempts that began while another was open. `shape`: see `shape_of`."""

    backend: str
    strategy: str
    max_agents: int
    completed: int
    total: int
    ended: bool
    peak: int | None  # the most attempts open at once; None: nobody counted
    overlapped: int
    work_seconds: float = 0.0
    critical_path_seconds: float = 0.0
    agents_allowed: int | None = None  # fewer than were asked for, because they slowed each other down
    lanes: Mapping[str, Any] = field(default_factory=dict)
    shape: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Serial:
    """Why it was one at a time, and the sentence for the agent's prompt that cures it."""

    reason: str
    cure: str


def judge(facts: Facts) -> Serial | None:
    """None when the run was parallel, was never meant to be, or may still become so."""
    if facts.max_agents == 1 or facts.strategy == "sequential" or not facts.peak:
        return None
    if facts.completed < FEWEST or not (facts.ended or 2 * facts.completed >= facts.total):
        return None
    if facts.peak > 1 and facts.overlapped > ALMOST_NEVER * facts.completed:
        return None
    return _why(facts)


def _why(facts: Facts) -> Serial:
    for look in (_chain, _alone, _writes, _lock, _lane, _narrowed):
        if found := look(facts):
            return found
    if facts.backend == "tracked":
        return Serial("one call a turn: each subtask was reported after the one before it had ended", _CALLS)
    if facts.backend == "external":
        return Serial("one lease at a time: agents took a subtask after the one before it had ended", _LEASES)
    return Serial("too few seats: the workers of this server were taken by other work", _SEATS)


def _chain(facts: Facts) -> Serial | None:
    work, longest = facts.work_seconds, facts.critical_path_seconds
    if not work or longest < (1 - ALMOST_NEVER) * work:
        return None
    share = min(100, round(100 * longest / work))
    return Serial(f"a chain of dependencies: {share} % of the work needs what came before it", _CHAIN)


def _alone(facts: Facts) -> Serial | None:
    count = facts.shape.get("alone", 0)
    if not _is_most(count, facts):
        return None
    return Serial(f"{count} of {facts.shape['subtasks']} subtasks are `parallelizable: false`", _ALONE)


def _writes(facts: Facts) -> Serial | None:
    count = facts.shape.get("undeclared", 0)
    if facts.strategy != "hybrid" or not _is_most(count, facts):
        return None
    return Serial(f"changes go one at a time under `hybrid`: {count} subtasks do not say what they change", _WRITES)


def _lock(facts: Facts) -> Serial | None:
    count, claim = facts.shape.get("claimed_by", 0), facts.shape.get("claim") or {}
    if not _is_most(count, facts):
        return None
    name = claim["name"]
    cure = _LOCK if claim["kind"] == "file" else _SHARE.format(name=name)
    return Serial(f"a lock: {count} of {facts.shape['subtasks']} subtasks claim {claim['kind']} {name}", cure)


def _lane(facts: Facts) -> Serial | None:
    for lane, options in facts.lanes.items():
        if options.get("concurrency") == 1:
            return Serial(f"the lane {lane} takes one subtask at a time", _LANE.format(lane=lane))
    return None


def _narrowed(facts: Facts) -> Serial | None:
    if facts.agents_allowed != 1:
        return None
    return Serial("one agent was left: more of them slowed each other down on this machine", _SEATS)


def _is_most(count: int, facts: Facts) -> bool:
    return count > 1 and count >= MOST * facts.shape.get("subtasks", 0)


def shape_of(*, subtasks: int, alone: int, undeclared: int, claims: Mapping[tuple[str, str], int]) -> dict[str, Any]:
    """What of a plan may keep its subtasks apart: how many run alone, how many change what they do not name, and of
    what is claimed exclusively the one that most of them claim."""
    found: dict[str, Any] = {"subtasks": subtasks, "alone": alone, "undeclared": undeclared}
    if claims:
        (kind, name), count = max(claims.items(), key=lambda item: (item[1], item[0]))
        found |= {"claim": {"kind": kind, "name": name[:200]}, "claimed_by": count}
    return found
