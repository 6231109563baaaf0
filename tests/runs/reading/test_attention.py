from datetime import timedelta

import pytest
from django.contrib.auth.models import User

from runs import actions
from runs.reading import attention
from runs.steering import answering
from tests.factories import plant
from tests.scenes import Scene, scene

pytestmark = pytest.mark.django_db


def failed_run(owner: User, content: str = "Review") -> Scene:
    """Ended: `a` failed and took `b` with it."""
    there = scene(owner, "ab", {"b": ["a"]}, content=content)
    there.start("a")
    there.fail("a")
    return there


def test_a_run_that_failed_waits_for_a_person(ada: User) -> None:
    there = failed_run(ada)
    (item,) = attention.items(ada.pk, there.now)
    assert (item.run.pk, item.failed, item.holds_up, item.ended) == (there.run_id, 1, 1, True)
    assert attention.count(ada.pk, there.now) == 1


def test_what_failed_in_a_run_under_way_waits_already(ada: User) -> None:
    there = scene(ada, "abc", max_agents=3)
    there.start("a", "b")
    there.fail("a")
    (item,) = attention.items(ada.pk, there.now)
    assert not item.ended


def test_it_waits_no_more_once_it_was_tried_again(ada: User) -> None:
    there = failed_run(ada)
    actions.retry(there.run)
    assert attention.items(ada.pk, there.now) == []


def test_what_nobody_looked_at_for_days_is_forgotten(ada: User) -> None:
    there = failed_run(ada)
    assert attention.count(ada.pk, there.now + timedelta(days=4)) == 0


def asking(owner: User, *behind: str) -> Scene:
    """A run with a question that waits for its answer, and others that wait for that, one after the other."""
    ask = {"key": "ok", "content": "Ask", "executor": {"name": "approval", "question": "Ship it?"}}
    line = ["ok", *behind]
    rest = [{"key": key, "content": key, "depends_on": [before]} for before, key in zip(line, behind)]
    run = actions.start(plant(owner, subtasks=[ask, *rest]), actions.Options())
    there = Scene(run, run.updated_at)
    with there.entry():
        pass
    return there


def test_a_question_waits_and_says_how_much_hangs_on_it(ada: User) -> None:
    failed_run(ada)
    there = asking(ada, "ship", "announce")
    item, other = attention.items(ada.pk, there.now)
    assert (item.run.pk, item.question, item.holds_up, item.ended) == (there.run_id, "Ship it?", 2, False)
    assert item.subtask is not None and item.subtask.key == "ok"
    assert other.subtask is None
    assert attention.count(ada.pk, there.now) == 2


def test_it_says_how_much_work_that_is_where_it_is_known_of_all(ada: User) -> None:
    there = asking(ada, "ship", "announce", "tidy")
    held = there.run.subtasks.exclude(key="ok")

    def seconds() -> float | None:
        return attention.items(ada.pk, there.now)[0].seconds

    held.update(expected_seconds=30, estimated_seconds=None)
    assert seconds() is None, "30 s is what the planner reckons with where nobody said anything"
    held.update(estimated_seconds=30)
    assert seconds() == 90
    held.filter(key="ship").update(estimated_seconds=None)
    assert seconds() is None
    held.filter(key="ship").update(usual_seconds=400.5)
    assert seconds() == 460.5
    held.filter(key="tidy").update(status="completed")
    assert seconds() == 430.5


def test_what_failed_says_how_much_work_was_skipped_for_it(ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    there = scene(ada, "abcd", {"b": ["a"], "c": ["b"]}, seconds=70)
    there.start("a", "d")
    there.fail("a")
    there.complete("d")
    (item,) = attention.with_failures(attention.items(ada.pk, there.now))
    assert (item.holds_up, item.seconds) == (2, 140)
    there.run.subtasks.filter(key="c").update(executor={"name": "read", "path": "x"}, estimated_seconds=None)
    (item,) = attention.with_failures(attention.items(ada.pk, there.now))
    assert item.seconds is None
    there.run.subtasks.update(estimated_seconds=1)
    monkeypatch.setattr(attention, "ADDED_UP", 1)
    (item,) = attention.with_failures(attention.items(ada.pk, there.now))
    assert item.seconds is None, "so many are not added up while somebody waits for the page"


def test_a_question_waits_no_more_once_it_is_answered(ada: User, eve: User) -> None:
    there = asking(ada)
    assert attention.items(eve.pk, there.now) == []
    answering.answer(there.run_id, "ok", approve=True, text="", by="user:1")
    assert (attention.items(ada.pk, there.now), attention.count(ada.pk, there.now)) == ([], 0)


def test_what_failed_for_somebody_else_is_theirs(ada: User, eve: User) -> None:
    there = failed_run(eve)
    assert attention.count(ada.pk, there.now) == 0


def test_what_failed_first_is_named(ada: User) -> None:
    there = scene(ada, "abc", max_agents=3)
    there.start("a", "b", "c")
    there.later(1)
    there.fail("b", error="no space left")
    there.later(1)
    there.fail("a", error="no space left either")
    (item,) = attention.with_failures(attention.items(ada.pk, there.now))
    assert item.first is not None
    assert (item.first.key, item.first.error) == ("b", "no space left")


def test_what_holds_up_most_comes_first(ada: User) -> None:
    small = failed_run(ada, "small")
    large = scene(ada, "abcd", {key: ["a"] for key in "bcd"}, content="large")
    large.start("a")
    large.fail("a")
    newest = failed_run(ada, "newest")
    found = [item.run.pk for item in attention.items(ada.pk, large.now)]
    assert found == [large.run_id, newest.run_id, small.run_id]


def test_a_run_that_was_cancelled_waits_for_nobody(ada: User) -> None:
    there = scene(ada, "ab")
    actions.cancel(there.run_id)
    assert attention.count(ada.pk, there.now) == 0
