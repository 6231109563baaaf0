import json

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from dashboard.pages import subtask_page
from dashboard.pages.subtask_page import Link
from runs import actions
from runs.models import Attempt, Subtask
from tests.scenes import Scene, scene

pytestmark = pytest.mark.django_db


def shown(there: Scene, key: str) -> dict:
    return subtask_page.context(there.run, there.subtask(key), there.now)


def test_the_latest_try_comes_first_and_its_output_is_shown(ada: User) -> None:
    there = scene(ada, "a")
    there.start("a")
    there.print("a", "first\n")
    there.lose("a")
    there.start("a", agent="agent-2")
    there.print("a", "\x1b[32msecond\x1b[0m\nline\n")
    found = shown(there, "a")
    assert [attempt.epoch for attempt in found["attempts"]] == [2, 1]
    output = found["output"]
    assert output.html == '<span class="green">second</span>\nline'
    assert (output.epoch, output.lines, output.whole) == (2, 2, True)


def test_of_a_long_output_the_end_is_shown(ada: User) -> None:
    there = scene(ada, "a")
    there.start("a")
    there.print("a", "".join(f"line {at}\n" for at in range(20_000)))
    output = shown(there, "a")["output"]
    assert output.lines == subtask_page.TAIL_LINES
    assert output.html.endswith("line 19999")
    assert not output.whole
    assert output.size > 200_000


def test_a_cut_in_the_middle_of_a_line_is_not_shown_as_one(ada: User) -> None:
    there = scene(ada, "a")
    there.start("a")
    there.print("a", "x" * 2 * subtask_page.TAIL_BYTES + "\nlast\n")
    assert shown(there, "a")["output"].html == "last"


def test_bytes_that_are_no_text_do_no_harm(ada: User) -> None:
    there = scene(ada, "a")
    there.start("a")
    there.print("a", "caf\udce9".encode("utf-8", "surrogateescape").decode("latin-1"))
    assert "caf" in shown(there, "a")["output"].html


def test_a_priority_is_what_was_asked_for_and_how_far_it_climbed(ada: User, browser: Client) -> None:
    there = scene(ada, "a")
    Subtask.objects.update(priority=4, aged=None)
    page = f"/runs/{there.run_id}/subtasks/a/"
    assert "<dt>Priority</dt><dd>4</dd>" in browser.get(page).content.decode()
    Subtask.objects.update(priority=2, aged=2)
    assert "<dt>Priority</dt><dd>4, climbed to 2 while it waited</dd>" in browser.get(page).content.decode()


def test_without_output_there_is_none(ada: User) -> None:
    there = scene(ada, "a")
    assert shown(there, "a")["output"] is None


def test_a_result_is_shown_as_it_was_given(ada: User) -> None:
    there = scene(ada, "abc", max_agents=3)
    there.start("a", "b", "c")
    there.complete("a", result={"files": ["a.py"], "note": "\u202eevil"})
    there.complete("b", result="plain words")
    there.complete("c")
    assert shown(there, "a")["result"] == '{\n  "files": [\n    "a.py"\n  ],\n  "note": "⟨U+202E⟩evil"\n}'
    assert shown(there, "b")["result"] == "plain words"
    assert shown(there, "c")["result"] == ""


def test_a_huge_result_is_cut(ada: User) -> None:
    there = scene(ada, "a")
    there.start("a")
    there.complete("a", result="x" * 100_000)
    assert len(shown(there, "a")["result"]) < 21_000


def test_what_it_needs_and_what_needs_it_are_linked_and_counted(ada: User) -> None:
    befores = [f"b{at:02d}" for at in range(15)]
    there = scene(ada, [*befores, "middle", "after"], {"middle": befores, "after": ["middle"]})
    found = shown(there, "middle")
    assert found["needs"][0] == Link("b00", "pending")
    assert len(found["needs"]) == subtask_page.SHOWN_LINKS
    assert found["needs_count"] == 15
    assert found["needed_by"] == [Link("after", "pending")]


def test_a_subtask_can_be_cancelled_until_it_has_ended(ada: User) -> None:
    there = scene(ada, "ab")
    assert shown(there, "a")["may_cancel"]
    there.start("a")
    assert shown(there, "a")["may_cancel"]
    actions.cancel_subtask(there.run_id, "a")
    assert not shown(there, "a")["may_cancel"]
    there.complete("a")
    assert not shown(there, "a")["may_cancel"]


def test_the_drawer_asks_again_only_while_something_may_change(ada: User) -> None:
    there = scene(ada, "a")
    assert shown(there, "a")["refresh"] == "abreast:stale"
    there.start("a")
    assert shown(there, "a")["refresh"] == "every 1s"
    there.complete("a")
    assert shown(there, "a")["refresh"] == ""


@pytest.mark.parametrize(("retries", "tries"), [(None, 1), (0, 1), (1, 3), (2, 4)])
def test_the_tries_allowed_count_the_last_one_alone(ada: User, retries: int | None, tries: int) -> None:
    there = scene(ada, "a")
    Subtask.objects.update(max_retries=retries)
    assert shown(there, "a")["tries_allowed"] == tries


def test_the_executor_is_told_in_one_line(ada: User) -> None:
    there = scene(ada, "a")
    Subtask.objects.update(executor={"name": "shell", "command": "pytest -q", "env": {"A": "1"}})
    assert shown(there, "a")["executor"] == 'shell command=pytest -q env={"A": "1"}'
    Subtask.objects.update(executor=None)
    assert shown(there, "a")["executor"] == ""


def test_the_drawer_takes_the_same_queries_at_any_size(
    ada: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    counts = []
    for number in (2, 50):
        befores = [f"b{at}" for at in range(number)]
        there = scene(ada, [*befores, "last"], {"last": befores})
        run, subtask = there.run, there.subtask("last")
        with django_assert_max_num_queries(12) as taken:
            subtask_page.context(run, subtask, there.now)
        counts.append(len(taken))
    assert counts[0] == counts[1]


def test_what_checks_it_is_shown_beside_what_does_it(ada: User, browser: Client) -> None:
    there = scene(ada, "a")
    Subtask.objects.update(verify={"name": "shell", "command": "make check"})
    html = browser.get(f"/runs/{there.run_id}/subtasks/a/").content.decode()
    assert "<dt>Checked by</dt><dd><code>shell command=make check</code></dd>" in html


# ---- what it uses, and all of it ----


@pytest.mark.parametrize(
    ("kind", "states"),
    [
        ("file", ["from its start to its end", "held now", "given back"]),
        ("api", ["from its start to its end", "asked when it began", ""]),
    ],
)
def test_each_claim_says_how_it_stands(ada: User, kind: str, states: list[str]) -> None:
    there = scene(ada, "a", claims={"a": [{"kind": kind, "name": "src", "mode": "write", "amount": 1}]})
    found = [shown(there, "a")["claims"]]
    there.start("a")
    found.append(shown(there, "a")["claims"])
    there.complete("a")
    found.append(shown(there, "a")["claims"])
    assert [claim.stands for claims in found for claim in claims] == states


def test_a_claim_that_it_waits_for_is_marked(ada: User) -> None:
    claim = [{"kind": "file", "name": "src", "mode": "write", "amount": 1}]
    there = scene(ada, "ab", claims={"a": claim, "b": claim}, max_agents=2)
    there.start("a", "b")
    assert [one.stands for one in shown(there, "b")["claims"]] == ["it waits for this"]


def test_tokens_and_money_are_those_of_all_tries(ada: User) -> None:
    there = scene(ada, "a")
    there.start("a")
    assert shown(there, "a")["spent"] == ""
    Attempt.objects.update(input_tokens=12_300, output_tokens=2_100, cost=0.123)
    assert shown(there, "a")["spent"] == "12,300 tokens in, 2,100 out, $0.12"


def test_raw_is_what_the_api_says_and_harmless(ada: User, browser: Client) -> None:
    there = scene(ada, "a")
    Subtask.objects.update(content="</pre><script>alert(1)</script>\u202e")
    html = browser.get(f"/runs/{there.run_id}/subtasks/a/?raw=1").content.decode()
    assert "&quot;content&quot;: &quot;&lt;/pre&gt;&lt;script&gt;alert(1)&lt;/script&gt;⟨U+202E⟩&quot;" in html
    assert "<script>alert" not in html
    assert "Spec</h3>" not in html
    assert json.loads(subtask_page.raw(there.run, there.subtask("a")))["key"] == "a"
