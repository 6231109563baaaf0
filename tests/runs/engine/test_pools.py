"""Which pool a subtask belongs to, how many of one run at once, and when a pool is made narrower or wider."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runs.engine.pools import Seen, Step, Use, full, pool_of, room, step
from runs.engine.schedule import Open, Policy, choose, share_out
from tests.runs.engine.test_schedule import quick, ready

SHARE = {"cpu": 0.3, "memory": 0.5}


@pytest.mark.parametrize(
    ("executor", "pool"),
    [
        ({"name": "web_search", "query": "x"}, "web"),
        ({"name": "http", "url": "x"}, "web"),
        ({"name": "search", "query": "x"}, "codebase"),
        ({"name": "read", "path": "x"}, "codebase"),
        ({"name": "python", "call": "survey.grep"}, "codebase"),
        ({"name": "python", "call": "explore.count"}, "codebase"),
        ({"name": "python", "call": "reports.total"}, "bash"),
        ({"name": "agent", "command": ["claude"]}, "bash"),
        ({"name": "shell", "command": "make"}, "bash/build"),
        ({"name": "shell", "command": "./x"}, "bash/other"),
        ({"name": "simulate", "seconds": 1}, "coordination"),
        ({"name": "approval", "question": "?"}, "coordination"),
        (None, "coordination"),
    ],
)
def test_the_pool_follows_from_the_executor(executor: Any, pool: str) -> None:
    assert pool_of(executor) == pool


def test_a_command_counts_in_its_pool_among_all_commands_and_in_its_sort() -> None:
    limits = {"bash": 9, "bash/*": 3, "bash/git": 2}
    assert room(limits, ["bash/git", "bash/build", "bash", "web"]) == {"bash": 6, "bash/*": 1, "bash/git": 1}


def test_a_full_limit_keeps_out_only_what_counts_for_it() -> None:
    pools = ["web", "bash", "bash/git", "bash/build"]
    assert full({"bash/git": 0}, pools) == ["bash/git"]
    assert full({"bash/*": 0}, pools) == ["bash/git", "bash/build"]
    assert full({"bash": -1}, pools) == ["bash", "bash/git", "bash/build"]
    assert full({"bash": 1}, pools) == []


def test_what_a_full_pool_keeps_out_is_passed_over() -> None:
    items = [ready(pool="bash/git") for _ in range(3)] + [ready(pool="codebase")]
    chosen = choose(items, Open(), Policy("parallel", 4, {}, {"bash/git": 2}))
    assert chosen == [items[0], items[1], items[3]]


@given(st.lists(st.sampled_from(["web", "bash", "bash/git", "bash/other"]), max_size=12), st.integers(-1, 4))
def test_never_more_are_chosen_than_a_pool_has_room_for(pools: list[str], left: int) -> None:
    items = [ready(pool=pool) for pool in pools]
    chosen = choose(items, Open(), Policy("parallel", 6, {}, {"bash": left, "bash/git": 1}))
    begun = [item.pool for item in chosen]
    assert sum(pool.startswith("bash") for pool in begun) <= max(0, left)
    assert begun.count("bash/git") <= 1
    assert len(chosen) == 6 or all(not item.pool.startswith("web") or item in chosen for item in items)


def test_quick_work_follows_only_what_is_of_its_pool() -> None:
    host, other, same = quick(pool="web"), quick(pool="codebase"), quick(pool="web")
    assert share_out([host, same], [host]) == [[same]]
    assert share_out([host, other], [host]) == [[]]


# ---- shares ----


def seen(name: str = "bash", **said: Any) -> Seen:
    plain: dict[str, Any] = {"share": SHARE, "use": Use(0.1, 0.1), "running": 4, "waiting": 0}
    return Seen(name, **(plain | said))


WAITS = seen("web", running=0, waiting=3)


def test_a_pool_over_its_share_is_narrowed_by_one_while_another_has_work_waiting() -> None:
    assert step([seen(use=Use(0.8, 0.1)), WAITS]) == [Step("bash", 3, "cpu")]
    assert step([seen(use=Use(0.1, 0.6)), WAITS]) == [Step("bash", 3, "memory")]
    assert step([seen(use=Use(0.8, None), limit=3), WAITS]) == [Step("bash", 2, "cpu")]


def test_a_pool_over_its_share_goes_on_while_nobody_else_wants_anything() -> None:
    assert step([seen(use=Use(0.8, 0.1), waiting=9), seen("web", running=0)]) == []


def test_work_that_waits_for_its_own_limit_narrows_nobody_else() -> None:
    full_up = seen("web", running=2, waiting=3, asked=2, limit=2)
    assert step([seen(use=Use(0.8, 0.1)), full_up]) == []


def test_what_is_not_measured_narrows_nothing() -> None:
    assert step([seen(use=Use()), WAITS]) == []


def test_a_pool_is_never_narrowed_below_one() -> None:
    assert step([seen(use=Use(0.9, 0.9), running=1), WAITS]) == []
    assert step([seen(use=Use(0.9, 0.9), running=1, limit=1), WAITS]) == []


def test_a_narrowed_pool_is_widened_by_one_when_it_has_passed() -> None:
    assert step([seen(running=2, limit=2, waiting=5), WAITS]) == [Step("bash", 3)]
    assert step([seen(running=2, limit=2, asked=4, waiting=5), WAITS]) == [Step("bash", 3)]
    assert step([seen(running=3, limit=3, asked=4), WAITS]) == [Step("bash", 4)]


def test_the_last_step_leaves_what_was_asked_for() -> None:
    assert step([seen(running=1, limit=3)]) == [Step("bash", None)]
    assert step([seen(limit=4, asked=4)]) == []


def test_a_step_says_what_it_is() -> None:
    assert (Step("bash", 3, "cpu").kind, Step("bash", 4).kind) == ("pool_narrowed", "pool_widened")
