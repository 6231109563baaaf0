"""The form that starts a run of a todo: from what was sent to what the API takes, and from its refusals to fields."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, get_args

from runs.api.runs import LaneIn, RunIn
from todos.plan.words import Lane
from todos.problems import Refused

FLAGS = ("fail_fast", "barriers")
LANE_WORDS = {
    Lane.QUERY: ("Query", "what only reads"),
    Lane.EXECUTE: ("Execute", "what changes things"),
}


@dataclass(frozen=True, slots=True)
class LaneField:
    """One lane: how many of it at once, and who takes it. `concurrency` and `mode` are as they were sent."""

    name: str
    title: str
    note: str
    concurrency: Any
    mode: Any
    errors: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RunForm:
    """What was chosen, and what is wrong with it by the name of its field ("" for the whole)."""

    values: Mapping[str, Any] = field(default_factory=lambda: {"backend": "embedded", "strategy": "auto"})
    errors: Mapping[str, str] = field(default_factory=dict)

    @property
    def backends(self) -> list[str]:
        return _words(RunIn, "backend")

    @property
    def only_here(self) -> bool:
        """Whether the workers of this server are the only ones there are."""
        return self.backends == ["embedded"]

    @property
    def strategies(self) -> list[str]:
        return _words(RunIn, "strategy")

    @property
    def max_agents(self) -> Any:
        return self.values.get("max_agents", RunIn.model_fields["max_agents"].default)

    @property
    def modes(self) -> list[str]:
        return _words(LaneIn, "mode")

    @property
    def lanes(self) -> list[LaneField]:
        sent = self.values.get("lanes", {})
        return [
            LaneField(
                lane,
                *LANE_WORDS[lane],
                concurrency=sent.get(lane, {}).get("concurrency", ""),
                mode=sent.get(lane, {}).get("mode", ""),
                errors={part: self.errors.get(f"lanes.{lane}.{part}", "") for part in ("concurrency", "mode")},
            )
            for lane in LANE_WORDS
        ]

    @property
    def budget(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.values.get("budget", {})
        return found

    @property
    def tokens_error(self) -> str:
        return self.errors.get("budget.tokens", "")

    @property
    def cost_error(self) -> str:
        return self.errors.get("budget.cost", "")

    @property
    def limits_are_used(self) -> bool:
        """Whether the part of lanes and budget is to stand open."""
        return bool(self.values.get("lanes") or self.budget)

    @property
    def elsewhere(self) -> list[str]:
        """What is wrong with no field."""
        known = {"backend", "strategy", "max_agents", "budget.tokens", "budget.cost"}
        known |= {f"lanes.{lane}.{part}" for lane in LANE_WORDS for part in ("concurrency", "mode")}
        return [detail for name, detail in self.errors.items() if name not in known]


def _words(model: type[RunIn] | type[LaneIn], name: str) -> list[str]:
    """What the API takes there."""
    found: list[str] = []
    for part in get_args(model.model_fields[name].annotation):
        found += [part] if isinstance(part, str) else get_args(part)
    return found


def sent_values(sent: Mapping[str, str]) -> dict[str, Any]:
    """As the API takes them. What is no number stays text, and is refused as such; what is empty is left out."""
    values: dict[str, Any] = {name: sent[name] for name in ("backend", "strategy") if name in sent}
    if "max_agents" in sent:
        values["max_agents"] = _whole(sent["max_agents"])
    values |= {name: bool(sent.get(name)) for name in FLAGS}
    if sent.get("adaptive"):
        values["adaptive"] = True
    lanes = {lane: made for lane in LANE_WORDS if (made := _lane(sent, lane))}
    budget = {"tokens": _whole(sent.get("budget.tokens", "")), "cost": _amount(sent.get("budget.cost", ""))}
    budget = {name: value for name, value in budget.items() if value != ""}
    return values | ({"lanes": lanes} if lanes else {}) | ({"budget": budget} if budget else {})


def _lane(sent: Mapping[str, str], lane: str) -> dict[str, Any]:
    made = {"concurrency": _whole(sent.get(f"lanes.{lane}.concurrency", "")), "mode": sent.get(f"lanes.{lane}.mode")}
    return {name: value for name, value in made.items() if value not in ("", None)}


def _whole(text: str) -> int | str:
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else text


def _amount(text: str) -> float | str:
    """As it was typed: 2 stays 2."""
    try:
        found = float(text.strip())
    except ValueError:
        return text.strip()
    return int(found) if found.is_integer() else found


def wrong(values: Mapping[str, Any], refused: Refused) -> RunForm:
    """The form as it was sent, each problem at its field."""
    errors: dict[str, str] = {}
    for one in refused.problems:
        name = one.pointer.removeprefix("/").replace("/", ".")
        errors[name] = f"{errors[name]}; {one.detail}" if name in errors else one.detail
    return RunForm(values, errors or {"": refused.detail})
