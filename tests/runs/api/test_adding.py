"""Subtasks that are added to a run under way."""

from django.contrib.auth.models import User

from runs import actions
from runs.models import Event, Run, Subtask
from runs.verify import verify
from tests.factories import Api, keys, plant, pointers, token_of
from tests.runs.api.adding import WORK, add, clean, one, scene
from tests.scenes import Scene
from todos.models import Todo


def test_one_or_a_list_are_added_and_answered_alike(api: Api, there: Scene) -> None:
    response = api.post(f"runs/{there.run_id}/subtasks/", one("left", depends_on=["scan"]))
    assert response.status_code == 201
    assert [response.json()[name] for name in ("key", "status", "depends_on")] == ["left", "pending", ["scan"]]
    rows = add(api, there, one("a", depends_on=["left"]), one("b", depends_on=["a", "scan"]), one())
    assert [(row["key"], row["depends_on"]) for row in rows] == [("a", ["left"]), ("b", ["a", "scan"]), ("more", [])]
    run = there.run
    assert (run.total, run.pending, run.blocked) == (6, 5, 4)
    assert [row.data for row in Event.objects.filter(run=run, kind="added")] == [{"depth": 1}] * 4
    assert clean(there)


def test_what_they_need_is_met_at_once_when_it_is_completed(api: Api, there: Scene) -> None:
    there.complete("scan")
    add(api, there, one("a", depends_on=["scan"]), one("b", depends_on=["scan", "a"]))
    assert [there.subtask(key).unmet for key in ("a", "b")] == [0, 1]
    there.start("a")
    there.complete("a")
    there.start("b", "report")
    there.complete("b")
    there.complete("report")
    assert (there.run.status, there.run.completed) == ("completed", 4)
    assert clean(there)


def test_what_they_need_and_has_failed_counts_as_their_when_says(api: Api, there: Scene) -> None:
    add(api, there, one("lasts"))
    there.fail("scan")
    rows = add(
        api,
        there,
        one("plain", depends_on=["scan"]),
        one("after", depends_on=["plain"]),
        one("tidy", depends_on=["scan", "after"], when="always"),
        one("mend", depends_on=["scan"], when="failed"),
        one("idle", depends_on=["after"], when="failed"),
        one("nothing", when="failed"),
    )
    assert {row["key"]: (row["status"], row["error"]) for row in rows} == {
        "plain": ("skipped", "scan failed"),
        "after": ("skipped", "plain was skipped"),
        "tidy": ("pending", None),
        "mend": ("pending", None),
        "idle": ("skipped", "nothing it waits for failed"),
        "nothing": ("skipped", "nothing it waits for failed"),
    }
    there.start("lasts", "tidy", "mend")
    for key in ("lasts", "tidy", "mend"):
        there.complete(key)
    assert there.run.status == "failed"
    assert clean(there)


def test_the_plan_of_the_run_grows(api: Api, there: Scene) -> None:
    assert (there.run.work_seconds, there.run.critical_path_seconds) == (20, 20)
    add(api, there, one("a", depends_on=["report"], executor={"name": "simulate", "seconds": 30}), one("b"))
    run = there.run
    assert (run.work_seconds, run.critical_path_seconds, run.theoretical_speedup) == (60, 50, 1.2)
    assert [there.subtask(key).remaining_seconds for key in ("report", "a", "b")] == [40, 30, 10]
    assert run.expected_total == 60
    add(api, there, one("mend", depends_on=["a"], when="failed"), one("then", depends_on=["mend"]))
    assert (there.run.work_seconds, there.run.critical_path_seconds) == (60, 50)


def test_they_stand_among_the_todos_and_a_retry_does_them_again(api: Api, there: Scene) -> None:
    add(api, there, one("a", resources=[{"kind": "file", "name": "x"}]))
    below = keys(Todo.objects.get(pk=there.run.todo_id or 0))
    assert sorted(below) == ["a", "report", "scan"]
    assert there.subtask("a").todo_id == below["a"].pk
    assert (there.run.claiming, there.subtask("a").claims) == (
        1,
        [{"kind": "file", "name": "x", "mode": "write", "amount": 1}],
    )
    there.start("a")
    there.complete("a")
    there.fail("scan")
    again = actions.retry(there.run)
    rows = dict(Subtask.objects.filter(run=again).values_list("key", "status"))
    assert rows == {"scan": "pending", "report": "pending", "a": "completed"}


def test_a_run_of_a_single_todo_takes_more_and_the_todo_stays_as_it_is(api: Api, ada: User) -> None:
    run = actions.start(plant(ada, executor=WORK), actions.Options())
    there = Scene(run, run.updated_at)
    rows = add(api, there, one("a", depends_on=["main"], resources=[{"kind": "api", "name": "forge"}]), one("b"))
    assert [row["key"] for row in rows] == ["a", "b"]
    assert there.subtask("a").claims == [{"kind": "api", "name": "forge", "mode": "write", "amount": 1}]
    assert Todo.objects.count() == 1
    refused = api.post(f"runs/{run.pk}/subtasks/", one("main"))
    assert pointers(refused) == ["/key"]
    assert clean(there)


def test_a_run_whose_todo_was_deleted_takes_more(api: Api, there: Scene) -> None:
    Todo.objects.all().delete()
    assert add(api, there, one("a", depends_on=["scan"]))[0]["status"] == "pending"
    assert clean(there)


def test_other_priorities_begin_to_climb(api: Api, there: Scene) -> None:
    add(api, there, one("a", priority=3))
    assert (there.run.ranked, there.subtask("a").aged) == (False, None)
    add(api, there, one("b", priority="low"))
    assert (there.run.ranked, there.subtask("a").aged, there.subtask("b").aged) == (True, 0, 0)
    assert clean(there)


def test_behind_barriers_they_wait_for_their_phase(api: Api, ada: User) -> None:
    there = scene(ada, one("a", phase=1), one("b", phase=2), barriers=True)
    add(api, there, one("c", phase=3), one("d", phase=1), one("e"))
    assert (there.run.at_barrier, there.subtask("c").unmet, there.subtask("d").unmet) == (2, 1, 0)
    there.start("a", "d", "e")
    there.complete("a")
    assert there.run.phase == 1
    there.complete("d")
    assert there.run.phase == 2
    add(api, there, one("late", phase=1))
    there.start("b", "late")
    there.complete("late")
    there.complete("b")
    assert there.run.phase == 3
    refused = api.post(f"runs/{there.run_id}/subtasks/", one("back", phase=1, depends_on=["c"]))
    assert (refused.status_code, refused.json()["detail"]) == (422, "back of phase 1 needs c of phase 3")
    assert clean(there)


def test_barriers_begin_with_the_first_phases(api: Api, ada: User) -> None:
    there = scene(ada, one("a"), barriers=True)
    add(api, there, one("b", phase=4), one("c", phase=2))
    assert (there.run.phase, there.run.at_barrier) == (2, 1)
    assert clean(there)


def test_the_same_key_of_idempotency_adds_once(api: Api, there: Scene) -> None:
    for replay in (None, "true"):
        response = api.post(f"runs/{there.run_id}/subtasks/", one("a"), Idempotency_Key="once")
        assert (response.status_code, response.get("Idempotent-Replay")) == (201, replay)
    assert there.run.total == 3


# ---- verify ----


def test_one_that_is_gone_or_that_nobody_told_of_is_found(api: Api, there: Scene) -> None:
    add(api, there, one("a"))
    Event.objects.filter(run=there.run_id, kind="added").update(kind="progress")
    Subtask.objects.filter(key="a").update(depth=0)
    found = [line for finding in verify(None, there.now) for line in finding.shown]
    assert found == [f"run {there.run_id} was made with 2 subtasks and has 3"]


def test_one_that_was_added_too_deep_is_found(api: Api, there: Scene) -> None:
    add(api, there, one("a", attempt=str(there.attempt("scan").pk)))
    Subtask.objects.filter(key="a").update(depth=2)
    found = [f"{finding.id} {line}" for finding in verify(None, there.now) for line in finding.shown]
    assert found == [f"I28 subtask {there.subtask('a').pk} was added at depth 2, and it should be 1"]


def test_the_work_of_runs_is_theirs(api: Api, eve: User, there: Scene) -> None:
    theirs = Api(token_of(eve, "operator"))
    assert theirs.post(f"runs/{there.run_id}/subtasks/", one()).status_code == 404
    assert Run.objects.get(pk=there.run_id).total == 2
