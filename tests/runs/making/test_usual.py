"""What one agent took for the same work before is frozen with a run, and its speedup counts with it."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from runs import actions, queries, transitions
from runs.estimating import answers
from runs.estimating.live import Estimator
from runs.models import Checkpoint, Run
from runs.reports import Said
from tests.factories import Api, token_of
from tests.runs.factories import NOW, Outline, Work, ada, violations, work

pytestmark = pytest.mark.django_db

LOOK = {"executor": {"name": "read", "path": "a.py"}}
TEST = {"executor": {"name": "shell", "command": "make test"}}
BUILD = {"executor": {"name": "shell", "command": "make build"}}


def begun(outline: Outline, **columns: Any) -> Work:
    made = work(outline, **({"max_agents": 2} | columns))
    with made.entry() as entry:
        transitions.move(entry, "start")
    return made


def together(made: Work, took: float, *keys: str, **told: Any) -> None:
    """Agents do these at the same time."""
    leases = [made.begin(key, f"agent-{at}") for at, key in enumerate(keys)]
    made.clock.advance(took)
    for lease in leases:
        made.say(Said.COMPLETE, lease, **told)


def earlier(outline: Outline, took: float, **columns: Any) -> Work:
    """A run of one agent that had ended when the next ones are made."""
    made = begun(outline, **({"max_agents": 1} | columns))
    for key in outline:
        together(made, took, key)
    with made.entry() as entry:
        transitions.close(entry)
    Run.objects.filter(pk=made.run_id).update(finished_at=NOW)
    return made


def usual(made: Work, *keys: str) -> list[float | None]:
    return [made.subtask(key).usual_seconds for key in keys]


# ---- what is frozen ----


def test_the_same_work_is_expected_to_take_what_it_took_one_agent_on_average() -> None:
    earlier({"a": TEST}, 8)
    earlier({"b": TEST, "c": LOOK}, 4)
    made = begun({"x": TEST, "y": TEST, "z": LOOK})
    assert usual(made, "x", "y", "z") == [6.0, 6.0, 4.0]


def test_other_work_of_the_same_kind_is_not_the_same() -> None:
    earlier({"a": TEST}, 8)
    assert usual(begun({"x": BUILD}), "x") == [None]


def test_what_nobody_here_can_do_is_the_same_when_it_is_described_alike() -> None:
    by_hand = {"executor": None, "content": "Write the chapter on locks"}
    earlier({"a": by_hand}, 8)
    made = begun({"x": by_hand, "y": by_hand | {"content": "Write another"}})
    assert usual(made, "x", "y") == [8.0, None]


def test_what_took_less_by_the_processor_counts_as_that() -> None:
    alone = begun({"a": TEST}, max_agents=1)
    together(alone, 10, "a", worked_seconds=7.0)
    with alone.entry() as entry:
        transitions.close(entry)
    Run.objects.filter(pk=alone.run_id).update(finished_at=NOW)
    assert usual(begun({"x": TEST}), "x") == [7.0]


@pytest.mark.parametrize(
    "columns",
    [
        {"peak_open": 2},
        {"peak_open": None},
        {"finished_at": None},
        {"finished_at": NOW + timedelta(seconds=1)},
        {"backend": "tracked"},
        {"completed": 0},
    ],
)
def test_only_runs_that_had_ended_and_never_had_two_at_work_tell(columns: dict[str, Any]) -> None:
    alone = earlier({"a": TEST}, 8)
    Run.objects.filter(pk=alone.run_id).update(**columns)
    assert usual(begun({"x": TEST}), "x") == [None]


def test_runs_of_somebody_else_tell_nothing() -> None:
    alone = earlier({"a": TEST}, 8)
    Run.objects.filter(pk=alone.run_id).update(owner=User.objects.create(username="ben"))
    assert usual(begun({"x": TEST}), "x") == [None]


@pytest.mark.parametrize("columns", [{"max_agents": 1}, {"strategy": "sequential"}, {"backend": "tracked"}])
def test_work_of_one_agent_is_measured_as_it_is_done(columns: dict[str, Any]) -> None:
    earlier({"a": TEST}, 8)
    assert usual(begun({"x": TEST}, **columns), "x") == [None]


def test_no_more_runs_are_read_than_have_the_most_subtasks(monkeypatch: pytest.MonkeyPatch) -> None:
    earlier({"a": TEST, "b": TEST}, 8)
    earlier({"c": TEST, "d": BUILD}, 4)
    monkeypatch.setattr("runs.making.usual.MOST_SUBTASKS", 3)
    assert usual(begun({"x": TEST}), "x") == [4.0]
    earlier(dict.fromkeys("efgh", TEST), 2)  # too large: what is older is read instead
    assert usual(begun({"x": TEST}), "x") == [4.0]


def test_what_is_added_to_a_run_is_expected_by_the_same_runs() -> None:
    earlier({"a": LOOK}, 8)
    made = begun({"x": LOOK})
    together(late := begun({"late": LOOK}, max_agents=1), 2, "late")
    with late.entry() as entry:
        transitions.close(entry)
    answer = Api(token_of(ada(), "operator")).post(
        f"runs/{made.run_id}/subtasks/", [{"key": "more", "content": "More", **LOOK}]
    )
    assert answer.status_code == 201
    assert usual(made, "x", "more") == [8.0, 8.0]


# ---- what is counted ----


def told(made: Work) -> dict[str, Any]:
    return queries.snapshot(made.run_id, made.now)


def test_the_speedup_is_what_one_agent_took_for_what_is_finished_over_the_time_that_passed() -> None:
    earlier({"a": TEST}, 8)
    made = begun({"x": TEST, "y": TEST, "z": BUILD}, max_agents=3)
    together(made, 10, "x", "y", "z")  # side by side each takes two seconds more
    found = told(made)
    assert found["finished_work_seconds"] == 8 + 8 + 10
    assert found["finished_work_known"] == pytest.approx(20 / 30)
    assert found["speedup"] == pytest.approx(26 / 10)
    assert made.run.work_done == 30
    assert violations(made.now) == []


def test_what_took_one_agent_longer_before_counts_as_it_was_measured() -> None:
    earlier({"a": TEST}, 60)
    made = begun({"x": TEST, "y": TEST})
    together(made, 10, "x", "y")
    assert (told(made)["finished_work_seconds"], told(made)["speedup"]) == (20, 2)


def test_only_what_is_completed_counts() -> None:
    earlier({"a": TEST}, 8)
    made = begun({"x": TEST, "y": TEST})
    lease = made.begin("x")
    made.clock.advance(10)
    made.say(Said.FAIL, lease, error="no", retryable=False)
    assert (made.run.usual_work, made.run.usual_took, told(made)["speedup"]) == (0, 0, None)
    together(made, 10, "y")
    assert (made.run.usual_work, made.run.usual_took) == (8, 10)
    assert violations(made.now) == []


def test_without_earlier_runs_the_measured_times_count() -> None:
    made = begun({"x": TEST, "y": TEST})
    together(made, 10, "x", "y")
    found = told(made)
    assert (found["finished_work_seconds"], found["finished_work_known"], found["speedup"]) == (20, 0, 2)


def test_what_was_made_before_anybody_counted_goes_on_as_it_was(ada: User) -> None:
    earlier({"a": LOOK}, 8)
    made = begun({"x": LOOK})
    Run.objects.filter(pk=made.run_id).update(usual_work=None)
    made.run.subtasks.update(usual_seconds=None)
    answer = Api(token_of(ada, "operator")).post(f"runs/{made.run_id}/subtasks/", {"key": "y", "content": "Y", **LOOK})
    assert answer.status_code == 201
    together(made, 10, "x", "y")
    assert (usual(made, "y"), told(made)["speedup"]) == ([None], 2)
    assert violations(made.now) == []


def test_a_retry_is_expected_anew() -> None:
    made = begun({"x": TEST})
    made.do("x", Said.FAIL, error="no", retryable=False)
    with made.entry() as entry:
        transitions.close(entry)
    alone = earlier({"a": TEST}, 8)
    # A retry is made by the real clock, and the times of these tests lie ahead of it.
    Run.objects.filter(pk__in=[made.run_id, alone.run_id]).update(finished_at=timezone.now())
    assert usual(Work(actions.retry(made.run).pk, made.clock), "x") == [8.0]


def test_page_rest_report_and_checkpoint_say_the_same(ada: User) -> None:
    earlier({"a": LOOK}, 8)
    made = begun({"x": LOOK, "y": LOOK, "z": LOOK, "late": {}}, max_agents=3)
    together(made, 10, "x", "y", "z")
    assert Estimator(lambda run: answers.answer(run, made.now), made.clock, made.now.timestamp).turn()
    assert [one.speedup for one in Checkpoint.objects.filter(run=made.run_id)] == [2.4]
    with made.entry() as entry:
        transitions.request_cancel(entry)
        transitions.close(entry)
    viewer = Api(token_of(ada, "viewer"))
    said = viewer.get(f"runs/{made.run_id}/progress/").json()
    assert (said["speedup"], said["finished_work_seconds"], said["finished_work_known"]) == (2.4, 24, 1)
    report = json.loads(viewer.get(f"runs/{made.run_id}/report/").getvalue())
    assert report["progress"]["speedup"] == 2.4
    browser = Client()
    browser.force_login(ada)
    page = browser.get(f"/runs/{made.run_id}/insight/?now=1").content.decode()
    assert "24 s of finished work in 10 s, by what one agent took for the same before" in page
    assert "2.4x <small>estimated</small>" in page
