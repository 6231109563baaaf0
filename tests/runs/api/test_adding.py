"""Subtasks that are added to a run under way."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from hypothesis import HealthCheck, given
from hypothesis import settings as trying
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase
from pytest_django import Settings

from runs import actions
from runs.models import Attempt, Event, Run, Subtask, Token
from runs.verify import verify
from tests.factories import Api, keys, person, plant, pointers, token_of
from tests.scenes import Scene
from todos.models import Todo

WORK = {"name": "simulate", "seconds": 10}
Json = dict[str, Any]


def one(key: str | None = None, **more: Any) -> Json:
    return {"content": key or "more", "executor": WORK, **({"key": key} if key else {}), **more}


def scene(owner: User, *subtasks: Json, **options: Any) -> Scene:
    run = actions.start(plant(owner, subtasks=list(subtasks)), actions.Options(strategy="parallel", **options))
    return Scene(run, run.updated_at)


def add(api: Api, there: Scene, *subtasks: Json, status: int = 201) -> Any:
    response = api.post(f"runs/{there.run_id}/subtasks/", list(subtasks))
    assert response.status_code == status, response.content
    return response.json()


def clean(there: Scene) -> bool:
    return [found for found in verify(None, there.now) if found.count] == []


@pytest.fixture
def there(ada: User) -> Scene:
    """`scan` is under way, `report` waits for it."""
    made = scene(ada, one("scan"), one("report", depends_on=["scan"]))
    made.start("scan")
    return made


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


# ---- what is refused, and leaves nothing half made ----


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ([one("a", depends_on=["nobody"])], "/0/depends_on/0"),
        ([one("a"), one("b", inputs={"x": {"from": ["a", "nobody"]}})], "/1/inputs/x/from"),
        ([one("a"), one("scan")], "/1/key"),
        ([one("a"), one("a")], "/1/key"),
        ([one("a", depends_on=["b"]), one("b", depends_on=["a"])], "/0/depends_on"),
        ([one("a", depends_on=["a"])], "/0/depends_on"),
        (one("a", subtasks=[one("b")]), "/subtasks"),
        (one("a", status="completed"), "/status"),
        (one("a", resources=[{"kind": "database", "name": "m", "amount": 2_000_000}]), "/resources"),
        (one("a", attempt="99999"), "/attempt"),
        (one("a", attempt="x"), "/attempt"),
        (one("a", when="later"), "/when"),
        ([one(), one(when=None)], "/1/when"),
        ([one(), 1], "/1"),
    ],
)
def test_what_is_wrong_is_refused_with_its_place_and_nothing_is_made(
    api: Api, there: Scene, body: Any, where: str
) -> None:
    before = there.run.last_seq, Todo.objects.count(), there.run.total
    refused = api.post(f"runs/{there.run_id}/subtasks/", body)
    assert (refused.status_code, pointers(refused)) == (422, [where])
    assert (there.run.last_seq, Todo.objects.count(), there.run.total) == before
    assert Subtask.objects.filter(run=there.run_id).count() == 2


def test_a_run_holds_so_many_at_most(api: Api, there: Scene, settings: Settings) -> None:
    settings.RUN_MAX_SUBTASKS = 3
    assert add(api, there, one(), one(), status=422)["detail"] == "4 subtasks, and a run has at most 3"
    add(api, there, one())
    add(api, there, one(), status=422)


def test_a_key_of_the_tree_that_is_not_in_the_run_is_unknown(api: Api, there: Scene) -> None:
    assert api.post(f"todos/{there.run.todo_id}/subtasks/", one("later")).status_code == 201
    assert api.post(f"runs/{there.run_id}/subtasks/", one("a", depends_on=["later"])).status_code == 422
    assert api.post(f"runs/{there.run_id}/subtasks/", one("later")).status_code == 422


def test_a_run_that_has_ended_or_is_stopped_takes_none(api: Api, there: Scene, ada: User) -> None:
    api.post(f"runs/{there.run_id}/cancel/")
    assert add(api, there, one(), status=409)["current"] == "running"
    ended = scene(ada, one("a"))
    ended.start("a")
    ended.complete("a")
    assert add(api, ended, one(), status=409)["current"] == "completed"
    baseline = actions.baseline(ended.run)
    assert api.post(f"runs/{baseline.pk}/subtasks/", one()).status_code == 409


def test_commands_need_the_permission_and_nothing_is_made(there: Scene, ada: User) -> None:
    plain = Api(token_of(ada, "operator"))
    refused = plain.post(
        f"runs/{there.run_id}/subtasks/", [one("a"), {"content": "b", "executor": {"name": "shell", "command": "ls"}}]
    )
    assert (refused.status_code, pointers(refused)) == (403, ["/1/executor"])
    assert there.run.total == 2


# ---- agents ----


@pytest.fixture
def agent(there: Scene, ada: User) -> Api:
    """The agent that has `scan` in hand."""
    text = token_of(ada, "agent")
    Attempt.objects.filter(pk=there.attempt("scan").pk).update(token=Token.objects.get(scope="agent"))
    return Api(text)


def test_an_agent_adds_under_its_own_attempt_three_deep_at_most(agent: Api, there: Scene) -> None:
    under = "scan"
    for depth, key in enumerate("abc", start=1):
        attempt = str(there.attempt(under).pk)
        rows = add(agent, there, {"content": key, "key": key, "attempt": attempt})
        assert rows[0]["key"] == key
        assert (there.subtask(key).depth, str(there.subtask(key).added_by)) == (depth, attempt)
        there.start(key)
        Attempt.objects.filter(subtask=there.subtask(key)).update(token=Token.objects.get(scope="agent"))
        under = key
    refused = agent.post(f"runs/{there.run_id}/subtasks/", {"content": "d", "attempt": str(there.attempt("c").pk)})
    assert (refused.status_code, pointers(refused)) == (422, ["/attempt"])
    told = Event.objects.filter(run=there.run_id, kind="added").order_by("seq").values_list("data", flat=True)
    assert [data and data["depth"] for data in told] == [1, 2, 3]
    assert clean(there)


def test_an_agent_needs_an_attempt_of_its_own_that_is_open(agent: Api, there: Scene, api: Api) -> None:
    path = f"runs/{there.run_id}/subtasks/"
    assert pointers(agent.post(path, {"content": "a"})) == ["/attempt"]
    attempt = there.attempt("scan")
    there.complete("scan")
    there.start("report")
    theirs = agent.post(path, {"content": "a", "attempt": str(there.attempt("report").pk)})
    assert (theirs.status_code, pointers(theirs)) == (403, ["/attempt"])
    over = agent.post(path, {"content": "a", "attempt": str(attempt.pk)})
    assert (over.status_code, over.json()["current"]) == (409, "succeeded")
    assert api.post(path, {"content": "a", "attempt": str(there.attempt("report").pk)}).status_code == 201


def test_an_agent_may_only_make_what_is_harmless(agent: Api, there: Scene) -> None:
    attempt = str(there.attempt("scan").pk)
    body = {"content": "a", "attempt": attempt, "executor": {"name": "read", "path": "a"}}
    path = f"runs/{there.run_id}/subtasks/"
    assert agent.post(path, body).status_code == 201
    for name in ({"name": "shell", "command": "ls"}, WORK):
        refused = agent.post(path, body | {"executor": name})
        assert (refused.status_code, pointers(refused)) == (403, ["/executor"])
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


# ---- whatever is added, and whenever ----


@st.composite
def stories(draw: st.DrawFn) -> list[tuple[str, Any]]:
    """Steps: one is added that needs some of those there, or the first that can start ends."""
    found: list[tuple[str, Any]] = []
    there = ["scan", "report"]
    for at in range(draw(st.integers(1, 12))):
        if draw(st.booleans()):
            needs = sorted(draw(st.sets(st.sampled_from(there), max_size=3)))
            when = draw(st.sampled_from(["success", "always", "failed"]))
            found.append(("add", one(f"s{at}", depends_on=needs, when=when, phase=draw(st.sampled_from([None, 1, 2])))))
            there.append(f"s{at}")
        else:
            found.append(("end", draw(st.booleans())))
    return found


class Adding(TestCase):
    @trying(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(story=stories(), barriers=st.booleans())
    def test_the_run_ends_and_each_subtask_as_a_small_model_says(self, story: Any, barriers: bool) -> None:
        ada = person("ada", staff=True)
        there = scene(ada, one("scan"), one("report", depends_on=["scan"]), barriers=barriers)
        api = Api(token_of(ada))
        graph: dict[str, tuple[str, list[str]]] = {"scan": ("success", []), "report": ("success", ["scan"])}
        chosen: dict[str, bool] = {}
        for verb, what in [*story, *[("end", True)] * 20]:
            if verb == "add":
                if api.post(f"runs/{there.run_id}/subtasks/", what).status_code == 201:
                    graph[what["key"]] = (what["when"], what["depends_on"])
            elif key := self.free(there):
                there.start(key)
                there.complete(key) if what else there.fail(key)
                chosen[key] = what
        self.assertNotIn(there.run.status, ("pending", "running"))
        self.assertEqual(dict(Subtask.objects.values_list("key", "status")), self.modelled(graph, chosen))
        self.assertTrue(clean(there))

    def free(self, there: Scene) -> str | None:
        found = Subtask.objects.filter(run=there.run_id, status="pending", unmet=0).order_by("position").first()
        return found.key if found else None

    def modelled(self, graph: dict[str, tuple[str, list[str]]], chosen: dict[str, bool]) -> dict[str, str]:
        found: dict[str, str] = {}
        for key, (when, needs) in graph.items():
            before = {found[need] for need in needs}
            starts = {"success": before <= {"completed"}, "always": True, "failed": "failed" in before}[when]
            found[key] = ("completed" if chosen[key] else "failed") if starts else "skipped"
        return found


def test_the_work_of_runs_is_theirs(api: Api, eve: User, there: Scene) -> None:
    theirs = Api(token_of(eve, "operator"))
    assert theirs.post(f"runs/{there.run_id}/subtasks/", one()).status_code == 404
    assert Run.objects.get(pk=there.run_id).total == 2
