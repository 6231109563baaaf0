import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils.html import conditional_escape

from dashboard.words import reasons
from runs import actions
from runs.claims import waits
from runs.models import Run, Subtask
from runs.reports import Said
from tests.scenes import Scene, scene

pytestmark = pytest.mark.django_db


def words(there: Scene, key: str) -> str:
    """The reason as it reads, without its markup."""
    run, subtask = there.run, there.subtask(key)
    waiting = waits.of(run, [subtask]).get(subtask.pk)
    return re.sub(r"<[^>]*>", "", reasons.of(run, subtask, waiting, there.now))


# ---- what it waits for ----


def test_before_the_run_starts_it_waits_for_that(ada: User) -> None:
    there = scene(ada, "ab")
    assert words(there, "b") == "the run to start, 2nd in line"


def test_when_all_agents_are_busy_it_waits_in_line(ada: User) -> None:
    there = scene(ada, "abcd", max_agents=2)
    there.start("a", agent="agent-1")
    there.start("b", agent="agent-2")
    assert words(there, "c") == "a free agent: all 2 busy, next in line"
    assert words(there, "d") == "a free agent: all 2 busy, 2nd in line"


def test_when_an_agent_is_free_it_is_not_said_to_be_busy(ada: User) -> None:
    there = scene(ada, "ab", max_agents=2)
    there.start("a")
    assert words(there, "b") == "a free agent, next in line"


def test_of_a_single_agent_there_are_not_all_busy(ada: User) -> None:
    there = scene(ada, "ab", max_agents=1)
    there.start("a")
    assert words(there, "b") == "a free agent: the only one is busy, next in line"


def test_what_it_needs_is_named_and_linked(ada: User) -> None:
    there = scene(ada, "abcdef", {"f": ["a", "b", "c", "d", "e"], "e": ["d"]}, max_agents=4)
    assert words(there, "e") == "needs d"
    assert words(there, "f") == "needs a and 4 more"
    there.start("c")
    assert words(there, "f") == "needs c, in progress, and 4 more"
    run, subtask = there.run, there.subtask("e")
    html = reasons.of(run, subtask, waits.of(run, [subtask])[subtask.pk], there.now)
    assert f'<a class="key" href="/runs/{run.pk}/subtasks/d/" data-drawer>d</a>' in html


def test_another_try_says_when(ada: User) -> None:
    there = scene(ada, "a")
    there.start("a")
    there.fail("a", retryable=True)
    assert words(there, "a") == "another try, in 1 s"
    Subtask.objects.update(not_before=there.now + timedelta(seconds=42), last_try=True)
    assert words(there, "a") == "its last try, alone, in 42 s"
    there.later(60)
    assert words(there, "a") == "its last try, alone, now"


def test_a_paused_run_is_the_reason(ada: User) -> None:
    there = scene(ada, "ab")
    actions.pause(there.run_id)
    assert words(there, "a") == "the run is paused"


def test_without_an_executor_an_outside_agent_is_waited_for(ada: User) -> None:
    there = scene(ada, "ab")
    Subtask.objects.filter(key="b").update(executor=None, mode="external")
    assert words(there, "b") == "an outside agent: it has no executor of its own"


FILE = {"kind": "file", "name": "src/**", "mode": "write"}
CONNECTIONS = {"kind": "database", "name": "main", "amount": 4}
CALLS = {"kind": "api", "name": "forge", "amount": 10}


def test_who_waits_for_a_file_says_which_and_who_holds_it(ada: User) -> None:
    there = scene(ada, "abc", claims={"a": [FILE], "b": [FILE | {"name": "src/app.py"}]})
    there.start("a", "b", agent="agent-2")
    assert words(there, "b") == "src/app.py, held by a (agent-2)"
    run, subtask = there.run, there.subtask("b")
    html = reasons.of(run, subtask, waits.of(run, [subtask])[subtask.pk], there.now)
    assert f'<a class="key" href="/runs/{run.pk}/subtasks/a/" data-drawer>a</a>' in html


def test_who_waits_for_a_share_names_one_of_those_who_hold_it(ada: User) -> None:
    there = scene(ada, "abcd", claims={key: [CONNECTIONS] for key in "abc"})
    there.start("a", agent="agent-1")
    there.start("b", agent="agent-2")
    there.start("c", agent="agent-3")
    assert words(there, "c") == "4 connections of main, held by a (agent-1) and 1 more"


def test_what_a_run_of_somebody_else_holds_is_not_named(ada: User, eve: User) -> None:
    hers, mine = scene(eve, "x", claims={"x": [FILE]}), scene(ada, "ab", claims={"a": [FILE]})
    other = scene(ada, "y", claims={"y": [FILE]})
    hers.start("x")
    mine.start("a")
    assert words(mine, "a") == "src/**, held in a run of somebody else"
    hers.complete("x")
    mine.start("a")
    other.start("y")
    assert words(other, "y") == f"src/**, held by a (agent-1, run {mine.run_id})"


def test_who_waits_for_a_limiter_says_until_when(ada: User) -> None:
    there = scene(ada, "ab", claims={key: [CALLS | {"amount": 7}] for key in "ab"})
    there.start("a", "b")
    assert words(there, "b") == "the rate limit of forge, in 1 s"
    there.later(5)
    assert words(there, "b") == "the rate limit of forge, now"


def test_who_stands_behind_one_that_claims_the_same_says_what_that_one_waits_for(ada: User) -> None:
    there = scene(ada, "abcxyz", claims={key: [FILE] for key in "abc"} | {key: [CALLS] for key in "xyz"})
    there.start("a", "b", "x", "y")
    assert words(there, "c") == words(there, "b") == "src/**, held by a (agent-1)"
    assert words(there, "z") == "the rate limit of forge, after y"
    actions.cancel_subtask(there.run_id, "a")
    there.end(Said.CANCEL, "a")
    assert words(there, "c") == "src/**, kept for b, which goes first"


def test_who_waits_for_one_that_has_waited_longer_says_so(ada: User) -> None:
    reader = FILE | {"mode": "read"}
    there = scene(ada, "abc", claims={"a": [reader], "b": [FILE], "c": [reader | {"name": "src/<b>"}]})
    there.start("a", "b")
    there.later(61)
    there.start("c", agent="agent-3")
    assert words(there, "c") == "src/&lt;b&gt;, kept for b, which goes first"


def test_who_goes_first_is_linked_in_its_own_run(ada: User) -> None:
    reader = FILE | {"mode": "read"}
    there, other = scene(ada, "ab", claims={"a": [reader], "b": [FILE]}), scene(ada, "dec", claims={"c": [reader]})
    there.start("a", "b")
    other.later(61)
    other.start("c", agent="agent-3")
    assert words(other, "c") == f"src/**, kept for b of run {there.run_id}, which goes first"
    run, subtask = other.run, other.subtask("c")
    html = reasons.of(run, subtask, waits.of(run, [subtask])[subtask.pk], other.now)
    assert f'href="/runs/{there.run_id}/subtasks/b/"' in html


def test_one_that_must_be_alone_waits_for_its_turn(ada: User) -> None:
    there = scene(ada, "ab")
    there.start("a")
    Subtask.objects.filter(key="b").update(alone=True)
    assert words(there, "b") == "its turn to run alone, with nothing beside it, next in line"


def test_nothing_waits_in_a_run_that_has_ended(ada: User) -> None:
    there = scene(ada, "ab")
    Run.objects.update(status="failed")
    assert words(there, "a") == ""


# ---- how it goes on ----


def test_what_is_under_way_says_how_long_it_still_takes(ada: User) -> None:
    there = scene(ada, "a", seconds=14)
    there.start("a")
    there.later(6)
    assert words(there, "a") == "about 8 s left of 14 s"
    there.later(8)
    assert words(there, "a") == "about to end, expected 14 s"
    there.later(10)
    assert words(there, "a") == "longer than the expected 14 s"


def test_without_an_estimate_nothing_is_expected(ada: User) -> None:
    there = scene(ada, "a")
    there.start("a")
    Subtask.objects.update(estimated_seconds=None, executor={"name": "shell", "command": "ls"})
    assert words(there, "a") == ""


def test_what_the_agent_said_goes_before_the_estimate(ada: User) -> None:
    there = scene(ada, "a")
    there.start("a")
    Subtask.objects.update(progress=0.4, message="  reading \x1b[31mbilling  ")
    assert words(there, "a") == "40 %: reading billing"
    Subtask.objects.update(progress=None)
    assert words(there, "a") == "reading billing"


def test_one_that_was_asked_to_stop_says_so(ada: User) -> None:
    there = scene(ada, "a")
    there.start("a")
    actions.cancel_subtask(there.run_id, "a")
    assert words(there, "a") == "asked to stop"


# ---- how it ended ----


def test_a_failure_says_why_in_one_line(ada: User) -> None:
    there = scene(ada, "ab", {"b": ["a"]})
    there.start("a")
    there.fail("a", error="exit code 1\nTraceback …")
    assert words(there, "a") == "exit code 1 · 1 try"
    assert words(there, "b") == "a failed"


def test_a_long_error_is_cut(ada: User) -> None:
    there = scene(ada, "a")
    there.start("a")
    there.fail("a", error="x" * 1000)
    assert len(words(there, "a")) < 320


def test_a_completed_one_says_at_which_try(ada: User) -> None:
    there = scene(ada, "ab", max_agents=2)
    there.start("a", "b")
    there.lose("a")
    there.start("a", agent="agent-2")
    there.complete("a", "b")
    assert words(there, "a") == "at the 2nd try"
    assert words(there, "b") == ""


def test_what_was_carried_over_says_so(ada: User) -> None:
    there = scene(ada, "ab", max_agents=2)
    there.start("a", "b")
    there.complete("a")
    there.fail("b")
    again = Scene(actions.retry(there.run), there.now)
    assert words(again, "a") == "carried over from an earlier run"


# ---- hostile content ----


def test_markup_in_messages_and_errors_stays_text(ada: User) -> None:
    there = scene(ada, "ab", max_agents=2)
    there.start("a", "b")
    there.fail("a", error="<script>alert(1)</script>")
    Subtask.objects.filter(key="b").update(message="<img src=x onerror=alert(1)> \u202egnihtemos")
    shown = [conditional_escape(reasons.of(there.run, there.subtask(key), None, there.now)) for key in "ab"]
    assert "<script" not in shown[0]
    assert "<img" not in shown[1]
    assert "⟨U+202E⟩" in shown[1]


def test_at_a_barrier_it_waits_for_a_phase(ada: User) -> None:
    there = scene(ada, "ab", barriers=True, phases={"a": 1, "b": 2})
    assert words(there, "b") == "phase 1 to end"
