"""The timeline as a person uses it: what is to come, who holds what, and ten thousand bars."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Locator, Page, expect

from runs.engine import states
from runs.models import Agent, Attempt, Run, RunAgent, Subtask
from tests.e2e.conftest import Open
from tests.scenes import Scene, scene

LOCK = {"kind": "file", "name": "src/**", "mode": "write", "amount": 1}
MANY, AGENTS = 10_000, 8


def canvas_of(page: Page, words: str) -> Locator:
    canvas = page.locator("canvas")
    expect(canvas).to_have_attribute("aria-label", re.compile(words))
    return canvas


def below(page: Page) -> Locator:
    """The line that says what is picked."""
    return page.locator("#picked")


def test_the_last_row_says_who_holds_what_others_wait_for(visit: Open, ada: User) -> None:
    there = scene(ada, ["read.a", "read.b", "read.c"], claims={"read.a": [LOCK], "read.b": [LOCK]}, max_agents=2)
    there.start("read.a", agent="agent-1")
    there.start("read.b", "read.c", agent="agent-2")
    page = visit(f"/runs/{there.run_id}/")
    canvas = canvas_of(page, re.escape("file src/** is held by read.a, 1 wait"))
    box = canvas.bounding_box()
    assert box is not None
    page.get_by_role("button", name="Fit").click()
    canvas.hover(position={"x": 152, "y": box["height"] - 18})
    expect(below(page)).to_contain_text("read.a")
    canvas.hover(position={"x": box["width"] - 60, "y": box["height"] - 18})
    expect(below(page)).to_contain_text(re.compile(r"read\.b.*pending.*expected to begin"))


def attempts_of(run: Run, agents: list[Agent], subtasks: list[Subtask]) -> Iterator[Attempt]:
    """They take turns: each begins one every 100 ms and is at it for 80 ms."""
    assert run.started_at is not None
    for at, subtask in enumerate(subtasks):
        start = run.started_at + timedelta(milliseconds=100 * (at // len(agents)))
        times = dict.fromkeys(("leased_at", "available_at", "started_at", "last_beat_at"), start)
        yield Attempt(
            run=run,
            subtask=subtask,
            agent=agents[at % len(agents)],
            epoch=1,
            status=states.Attempt.SUCCEEDED,
            finished_at=start + timedelta(milliseconds=80),
            **times,
        )


@pytest.fixture
def many(ada: User) -> Scene:
    """A run that has ended, of ten thousand attempts."""
    there = scene(ada, ["a"])
    there.start("a")
    there.complete("a")
    run = there.run
    rows = [Subtask(run=run, key=f"t.{at}", position=at, status="completed") for at in range(1, MANY)]
    Subtask.objects.bulk_create(rows, batch_size=1_000)
    names = [f"agent-{at}" for at in range(2, AGENTS + 1)]
    more = Agent.objects.bulk_create(Agent(name=name, created_at=there.now) for name in names)
    RunAgent.objects.bulk_create(RunAgent(run=run, agent=agent, completed=MANY // AGENTS) for agent in more)
    agents = [RunAgent.objects.get(run=run, agent__name="agent-1").agent, *more]
    Attempt.objects.bulk_create(attempts_of(run, agents, rows), batch_size=1_000)
    assert run.started_at is not None
    end = run.started_at + timedelta(milliseconds=100 * MANY // AGENTS)
    Run.objects.update(total=MANY, completed=MANY, finished_at=end)
    return there


def test_ten_thousand_bars_are_zoomed_panned_and_picked(visit: Open, many: Scene) -> None:
    page = visit(f"/runs/{many.run_id}/")
    canvas = canvas_of(page, f"{AGENTS} agents over .* 10,000 attempts, 0 under way")
    canvas.focus()
    for key in ("+", "+", "+", "ArrowRight", "ArrowLeft", "-", "0"):
        page.keyboard.press(key)
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(below(page)).to_contain_text("t.")
    canvas.hover(position={"x": 600, "y": 60})
    page.mouse.wheel(300, 0)
    page.mouse.down()
    page.mouse.move(300, 200, steps=4)
    page.mouse.up()
    page.keyboard.press("Enter")
    expect(page.locator("#subtask-drawer")).to_contain_text("completed")
