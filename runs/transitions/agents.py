"""How many agents a run takes, where that follows from how they go."""

from runs.engine.adaptive import Step
from runs.entry import Entry


def take_agents(entry: Entry, step: Step) -> None:
    """Takes one agent fewer from now on, or one more, and writes down why. Who is at work goes on."""
    asked = entry["max_agents"]
    entry.mark(agents_allowed=step.to if step.to < asked else None, agents_slowdown=round(step.slowdown, 3))
    entry.mark(agents_steps=entry["agents_steps"] + 1)
    data = {
        "from": step.agents,
        "to": step.to,
        "asked": asked,
        "slowdown": round(step.slowdown, 3),
        "reason": step.reason,
    }
    entry.note(step.kind, topic="metrics", data=data)
