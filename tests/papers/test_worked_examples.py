"""The specification's worked examples: split as it says, planned, and run by a clock on which its minutes are seconds.

Where a figure of the paper does not follow from its own numbers, what follows is what counts.
"""

import itertools
from pathlib import Path
from typing import Any

import pytest

from tests.factories import Api
from tests.papers.playing import Json, Played, Theatre, decomposed, planned
from tests.todos.decompose.conftest import plant
from todos.plan.graph import dependants

DO = "exit 0"


def work(name: str, seconds: float) -> Json:
    return {"name": name, "estimated_seconds": seconds, "command": DO}


def features(*seconds: float, qa: float | None) -> Json:
    named = [work(name, each) for name, each in zip(("auth", "dashboard", "settings"), seconds)]
    return {"features": named, "qa": False if qa is None else work("qa", qa)}


FILES = ["app.js", "utils.js", "api.js", "config.js"]
FOUR_FILES = ("files", {"files": FILES, "command": DO, "seconds_per_file": 30})
MODULES = ("modules", {"folder": "src", "batches": 5, "command": DO, "seconds_per_file": 3})
PHASES = [("analysis", 3), ("implementation", 3), ("validation", 2)]
THREE_PHASES = (
    "phases",
    {"phases": [{"name": name, "tasks": [work(f"{at}", 10) for at in range(many)]} for name, many in PHASES]},
)

# strategy and options, agents; widths of the waves, seconds of the critical path, makespan, and speedup
EXAMPLES: list[Any] = [
    pytest.param(FOUR_FILES, 4, [4], 30, 30, 4, id="four files"),
    pytest.param(("features", features(30, 40, 30, qa=None)), 3, [3], 40, 40, 2.5, id="features"),
    pytest.param(("features", features(30, 40, 30, qa=10)), 3, [3, 1], 50, 50, 2.2, id="features, checked"),
    pytest.param(("features", features(20, 30, 25, qa=5)), 4, [3, 1], 35, 35, 80 / 35, id="shorter features, checked"),
    pytest.param(MODULES, 5, [5], 9, 9, 5, id="modules in batches"),
    pytest.param(THREE_PHASES, 4, [3, 3, 2], 30, 30, 8 / 3, id="phases"),
]


@pytest.mark.parametrize(("split", "agents", "waves", "critical", "makespan", "speedup"), EXAMPLES)
def test_plan_and_run_come_to_what_follows_from_the_papers_numbers(
    api: Api,
    theatre: Theatre,
    workspace: Path,
    split: tuple[str, Json],
    agents: int,
    waves: list[int],
    critical: float,
    makespan: float,
    speedup: float,
) -> None:
    plant(workspace, dict.fromkeys(FILES, "x\n") | {f"src/m{at:02}.py": "x = 1\n" for at in range(15)})
    todo = decomposed(api, split[0], **split[1])
    plan = planned(api, todo, max_agents=agents)
    assert [len(wave) for wave in plan["waves"]] == waves
    assert (plan["strategy"], plan["conflicts"]) == ("parallel", [])
    assert (plan["critical_path_seconds"], plan["predicted_makespan_seconds"]) == (critical, makespan)
    assert plan["work_seconds"] / makespan == pytest.approx(speedup)
    assert plan["theoretical_speedup"] == pytest.approx(speedup)
    played = theatre.play(api, todo, max_agents=agents)
    assert played.makespan == makespan
    assert when(played) == {row["key"]: (row["start_seconds"], row["finish_seconds"]) for row in plan["schedule"]}
    assert played.width == max(waves)
    assert played.progress["speedup"] == pytest.approx(speedup)
    assert (played.progress["elapsed_seconds"], played.progress["verdict"]) == (makespan, "parallel pays")
    in_order(api, todo, played, plan["critical_path"])


def when(played: Played) -> dict[str, tuple[float, float]]:
    return {key: (begun, played.ended[key]) for key, begun in played.begun.items()}


def in_order(api: Api, todo: Json, played: Played, path: list[str]) -> None:
    """Each began when the last that it needs had ended, and those of the critical path without a pause."""
    rows = api.get(f"runs/{played.id}/subtasks/").json()["results"]
    needs = {row["key"]: row["depends_on"] for row in rows}
    for key, before in needs.items():
        assert played.begun[key] == max((played.ended[need] for need in before), default=0)
    for before, after in itertools.pairwise(path):
        assert after in dependants(needs)[before]
        assert played.begun[after] == played.ended[before]


def test_with_fewer_agents_than_features_the_longest_goes_first(api: Api, theatre: Theatre) -> None:
    todo = decomposed(api, "features", **features(30, 40, 30, qa=10))
    plan = planned(api, todo, max_agents=2)
    played = theatre.play(api, todo, max_agents=2)
    assert (played.begun["dashboard"], played.makespan, plan["predicted_makespan_seconds"]) == (0, 70, 70)
    assert when(played) == {row["key"]: (row["start_seconds"], row["finish_seconds"]) for row in plan["schedule"]}


def test_one_after_the_other_takes_as_long_as_all_of_it(api: Api, theatre: Theatre) -> None:
    todo = decomposed(api, "features", **features(30, 40, 30, qa=10))
    played = theatre.play(api, todo, strategy="sequential")
    assert (played.makespan, played.width, played.progress["speedup"]) == (110, 1, 1)


def test_a_run_beside_its_baseline_shows_what_was_really_gained(api: Api, theatre: Theatre) -> None:
    todo = decomposed(api, "features", **features(30, 40, 30, qa=10))
    played = theatre.play(api, todo, max_agents=3)
    again = api.post(f"runs/{played.id}/baseline/").json()
    assert (again["strategy"], again["max_agents"], again["baseline_of"]) == ("sequential", 1, played.id)
    theatre.carry_out(api, again["id"])
    progress = api.get(f"runs/{played.id}/progress/").json()
    assert progress["baseline_speedup"] == pytest.approx(2.2)


def test_ready_work_starts_when_its_own_needs_are_done_and_not_when_a_wave_is(api: Api, theatre: Theatre) -> None:
    """The layers of the specification: each takes its tasks one after the other, whatever the others do."""
    layers = [
        {"name": "api", "tasks": [work("models", 10), work("endpoints", 20)]},
        {"name": "ui", "tasks": [work("components", 30), work("forms", 10)]},
        {"name": "docs", "tasks": [work("guide", 5)]},
    ]
    todo = decomposed(api, "layers", feature="sign-in", layers=layers)
    plan = planned(api, todo, max_agents=4)
    played = theatre.play(api, todo, max_agents=4)
    waves = {key: at for at, wave in enumerate(plan["waves"]) for key in wave}
    early, late = (next(key for key in waves if key.endswith(name)) for name in ("endpoints", "components"))
    assert (waves[early], waves[late]) == (1, 0)
    assert (played.begun[early], played.ended[late], played.makespan) == (10, 30, 40)
