"""Schemathesis, told what to play: which phase of it, on which operations, as whom, how long."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema
from schemathesis.engine.recorder import ScenarioRecorder
from schemathesis.python.asgi import shutdown_lifespans
from schemathesis.schemas import BaseSchema

from tests.fuzz.roles import HOST, Role
from tests.fuzz.sample import Sample
from tests.fuzz.watch import Watched
from todos.rest.document import document

PHASES = ("examples", "coverage", "fuzzing", "stateful")
KEPT = 0.5  # of how many requests of the phase `coverage` that would be made of an operation some are left out
CHECKS: dict[str, Any] = {
    # What the document allows may be wrong for other reasons: a cycle, a key that is not there.
    "positive_data_acceptance": {"enabled": False},
    # 413 is a refusal, too.
    "negative_data_rejection": {"expected-statuses": ["4xx"]},
    # Every other request would be one without a token; `nobody` sends them.
    "ignored_auth": {"enabled": False},
}
# Takes whatever comes: agents are never held up.
HOOKS = {"include-name": "POST /api/v1/hooks/claude-code/", "checks": {"negative_data_rejection": {"enabled": False}}}


@dataclass(frozen=True, slots=True)
class Part:
    """So many requests of these operations."""

    phase: str
    cases: int
    operations: Sequence[str]
    seed: int


def operations() -> list[str]:
    """All there are, as Schemathesis calls them."""
    return [f"{method.upper()} {path}" for path, said in document()["paths"].items() for method in said]


def play(part: Part, role: Role, watched: Watched, sample: Sample) -> list[str]:
    """What was wrong with the answers."""
    before, found = watched.statuses.total(), []
    stream = from_schema(_schema(part, role, watched, sample)).execute()
    try:
        for event in stream:
            found += _wrong(event)
            if watched.statuses.total() - before >= part.cases:
                stream.stop()
    finally:
        shutdown_lifespans()
    return found


def _wrong(event: events.EngineEvent) -> list[str]:
    if isinstance(event, events.ScenarioFinished):
        return _failures(event.recorder)
    if isinstance(event, events.NonFatalError):
        return [f"{event.label}: {event.value!r}"]
    if isinstance(event, events.FatalError):
        return [repr(event.exception)]
    return []


def _schema(part: Part, role: Role, watched: Watched, sample: Sample) -> BaseSchema:
    schema: BaseSchema = schemathesis.openapi.from_dict(document(), config=_config(part, role, sample))
    schema = schema.include(name=list(part.operations))
    schema.app = watched
    schema.hooks.hook("map_case")(_at_once)
    if part.phase == "coverage":
        _thin(schema, part.seed)
    return schema


def _config(part: Part, role: Role, sample: Sample) -> SchemathesisConfig:
    examples = max(1, part.cases // len(part.operations))
    return SchemathesisConfig.from_dict(
        {
            "seed": part.seed,
            "base-url": HOST,
            "headers": dict(role.headers),
            "continue-on-failure": True,
            "request-timeout": 60,
            "generation": {
                "max-examples": part.cases if part.phase == "stateful" else examples,
                "no-shrink": True,
                "database": "none",
                "with-security-parameters": False,
            },
            "phases": {name: {"enabled": name == part.phase} for name in PHASES},
            "checks": CHECKS,
            "operations": [HOOKS],
            "dictionaries": sample.dictionaries(),
            "parameters": {place: {"dictionary": name, "probability": 0.8} for place, name in sample.places().items()},
        }
    )


def _at_once(context: Any, case: Any) -> Any:
    """What may wait, or think, does not: time is all that it would cost."""
    if isinstance(case.query, dict) and str(case.query.get("wait", "")).isdigit():
        case.query["wait"] = "0" if int(case.query["wait"]) <= 30 else case.query["wait"]
    if isinstance(case.body, dict):
        for name, most in (("wait_seconds", 30), ("improve_seconds", 10)):
            value = case.body.get(name)
            if isinstance(value, int | float) and 0 < value <= most:
                case.body[name] = 0
    return case


def _thin(schema: BaseSchema, seed: int) -> None:
    chance = random.Random(seed)
    schema.hooks.hook("filter_case")(lambda context, case: chance.random() < KEPT)


def _failures(recorder: ScenarioRecorder) -> list[str]:
    return [
        f"{check.name} {recorder.label}: {check.failure_info.failure.title}: {check.failure_info.failure.message} "
        f"{check.failure_info.code_sample}"
        for checks in recorder.checks.values()
        for check in checks
        if check.failure_info is not None
    ]
