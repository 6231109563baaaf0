"""Who holds what waits, step by step."""

from itertools import pairwise
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from dashboard.pages import waits
from runs.claims import resources
from tests.factories import person
from tests.scenes import Scene, scene

pytestmark = pytest.mark.django_db


def file(name: str = "src/**", mode: str = "write") -> list[dict[str, Any]]:
    return [{"kind": "file", "name": name, "mode": mode, "amount": 1}]


def keys(there: Scene, key: str) -> list[str]:
    return [step.row.subtask.key for step in waits.chain(there.run, there.subtask(key), there.now)]


def test_what_it_needs_and_what_that_needs_are_steps(ada: User) -> None:
    there = scene(ada, "abcd", {"b": ["a"], "c": ["b"], "d": ["c"]})
    assert keys(there, "d") == ["c", "b", "a"]
    there.start("a")
    assert keys(there, "d") == ["c", "b", "a"]
    there.complete("a")
    assert keys(there, "d") == ["c", "b"]


def test_who_holds_a_claim_is_a_step_and_the_last_if_at_work(ada: User) -> None:
    there = scene(ada, "abc", {"c": ["b"]}, claims={"a": file(), "b": file()}, max_agents=2)
    there.start("a", "b")
    assert keys(there, "c") == ["b", "a"]
    first, last = waits.chain(there.run, there.subtask("c"), there.now)
    assert "held by" in first.row.reason
    assert (last.row.subtask.status, last.row.agent) == ("in_progress", "agent-1")


def test_a_holder_in_another_run_is_named_with_its_run(ada: User, browser: Client) -> None:
    one, other = scene(ada, "ab", claims={"a": file()}), scene(ada, "xb", claims={"x": file()})
    other.start("x")
    one.start("a")
    [step] = waits.chain(one.run, one.subtask("a"), one.now)
    assert (step.run.pk, step.row.subtask.key) == (other.run_id, "x")
    html = browser.get(f"/runs/{one.run_id}/subtasks/a/").content.decode()
    assert "Why it waits" in html and f"in run {other.run_id}</span>" in html


def test_what_somebody_else_holds_is_not_told(ada: User) -> None:
    one, other = scene(ada, "a", claims={"a": file()}), scene(person("ben", staff=True), "x", claims={"x": file()})
    other.start("x")
    one.start("a")
    assert one.subtask("a").waits_for
    assert waits.chain(one.run, one.subtask("a"), one.now) == []


def test_of_those_that_claim_the_same_each_stands_behind_the_first(ada: User) -> None:
    there = scene(ada, "abc", claims={key: file() for key in "abc"}, max_agents=3)
    there.start("a", "b", "c")
    assert keys(there, "b") == ["a"]
    assert keys(there, "c") == ["a"]


def test_one_that_has_waited_longer_is_a_step_in_whichever_run_it_is(ada: User) -> None:
    reader = file(mode="read")
    there = scene(ada, "ab", claims={"a": reader, "b": file()})
    other = scene(ada, "dec", claims={"c": reader})
    there.start("a", "b")
    for late in (there, other):
        late.later(61)
    other.start("c", agent="agent-3")
    assert [(step.run.pk, step.row.subtask.key) for step in waits.chain(other.run, other.subtask("c"), other.now)] == [
        (there.run_id, "b"),
        (there.run_id, "a"),
    ]
    [waiting] = resources.of_run(other.run)["waiting"]
    assert (waiting["behind"], waiting["behind_run"]) == ("b", str(there.run_id))


def test_who_of_somebody_else_goes_first_is_not_told(ada: User) -> None:
    reader = file(mode="read")
    there = scene(person("ben", staff=True), "ab", claims={"a": reader, "b": file()})
    other = scene(ada, "dec", claims={"c": reader})
    there.start("a", "b")
    other.later(61)
    other.start("c", agent="agent-3")
    assert other.subtask("c").waits_key.startswith("subtask/")
    assert keys(other, "c") == []


def test_it_ends_after_a_few_steps(ada: User) -> None:
    letters = "abcdefghij"
    there = scene(ada, letters, {after: [before] for before, after in pairwise(letters)})
    assert keys(there, "j") == ["i", "h", "g", "f", "e"]


def test_what_nobody_holds_has_no_steps(ada: User) -> None:
    there = scene(ada, "ab")
    assert keys(there, "b") == []
    there.start("a")
    there.complete("a")
    assert keys(there, "a") == []
