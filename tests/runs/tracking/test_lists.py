"""Lists of todos as agents keep them: what each makes of the run of its session."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from pytest_django import Settings

from runs.engine.lists import Item, Known, match
from runs.models import Event, Run, Session, Subtask
from tests.factories import Api, token_of
from tests.runs.tracking.watching import attempts, run_of, statuses, sweep_now
from todos.models import Todo

WORDS = {".": "pending", ">": "in_progress", "x": "completed"}


def entries(*texts: str, **more: Any) -> list[dict[str, Any]]:
    """`"> Build"` is an entry in progress."""
    return [{"content": text[2:], "status": WORDS[text[0]], **more} for text in texts]


def put(api: Api, todos: list[dict[str, Any]], session: str = "s1") -> dict[str, Any]:
    answer = api.send("PUT", f"todowrite/{session}/", {"todos": todos})
    assert answer.status_code == 200, answer.content
    found: dict[str, Any] = answer.json()
    return found


def shown(run: int | None = None) -> list[str]:
    """The subtasks of a run as `entries` writes them; `-` is cancelled."""
    drawn = {word: sign for sign, word in WORDS.items()} | {"cancelled": "-", "failed": "!"}
    rows = Subtask.objects.filter(run=run or run_of("s1")).order_by("position")
    return [f"{drawn[row.status]} {row.content}" for row in rows]


# ---- matching ----


@pytest.mark.parametrize(
    ("before", "now", "found"),
    [
        (["a", "b"], ["a", "b"], ["a", "b"]),
        (["a", "b"], ["b", "a"], ["b", "a"]),
        (["a", "b"], ["a", "new", "b"], ["a", None, "b"]),
        (["a", "b", "c"], ["a", "renamed", "c"], ["a", "b", "c"]),
        (["a", "a"], ["a", "a"], ["a", "a"]),
        (["a"], ["a", "a"], ["a", None]),
        (["a", "b"], [], []),
        ([], ["a"], [None]),
    ],
)
def test_entries_are_found_again_by_content_and_then_by_position(
    before: list[str], now: list[str], found: list[str | None]
) -> None:
    known = [Known(content, content) for content in before]
    result = match(known, [Item(content, "pending") for content in now])
    assert [one.key if one else None for one in result] == found


def test_an_id_comes_before_what_an_entry_says() -> None:
    known = [Known("k1", "a", "1"), Known("k2", "b", "2")]
    items = [Item("b", "pending", "1"), Item("a", "pending", "2"), Item("a", "pending", "3")]
    assert [one.key if one else None for one in match(known, items)] == ["k1", "k2", None]


def test_an_entry_that_has_ended_is_not_taken_for_another_at_its_place() -> None:
    assert match([Known("k", "a", ended=True)], [Item("b", "pending")]) == [None]


# ---- what a list does ----


def test_the_first_list_makes_a_run(api: Api) -> None:
    answer = put(api, entries("x Read", "> Build", ". Ship"))
    assert shown() == ["x Read", "> Build", ". Ship"]
    assert [one["status"] for one in answer["items"]] == ["completed", "in_progress", "pending"]
    run = Run.objects.get()
    assert (run.backend, run.status, str(run.pk), run.agents_active) == ("tracked", "running", answer["run"], 1)
    assert Todo.objects.get(pk=answer["todo"]).counts["total"] == 3


@pytest.mark.parametrize(
    ("lists", "ends"),
    [
        ([["> A", ". B"], ["x A", "> B"], ["x A", "x B"]], ["x A", "x B"]),
        ([[". A", ". B", ". C"], [". A", ". C"]], [". A", "- B", ". C"]),
        ([["> A", ". B"], [". B"]], ["- A", ". B"]),
        ([["> A"], [". A"]], [". A"]),
        ([["> A", ". B"], []], ["- A", "- B"]),
        ([["x A", ". B"], [". B"]], ["x A", ". B"]),
        ([[". A", ". B"], ["> A", ". B well"]], ["> A", ". B well"]),
        ([["x A", ". B"], ["> A", ". B"]], ["x A", ". B", "> A"]),
        ([[". A"], [". B", ". A", ". C"]], [". A", ". B", ". C"]),
        ([[". A"], [], [". A"]], ["- A", ". A"]),
    ],
)
def test_each_list_is_the_whole_truth(api: Api, lists: list[list[str]], ends: list[str]) -> None:
    for one in lists:
        put(api, entries(*one))
    assert shown() == ends
    assert Run.objects.count() == 1


def test_an_entry_leaves_alone_what_was_reported_under_the_key_it_would_have_got(api: Api) -> None:
    put(api, entries("> A"))
    api.post("sessions/s1/reports/", {"reports": [{"key": "todo-2", "status": "pending", "content": "Told"}]})
    answer = put(api, entries("> A", ". B", ". C"))
    assert [one["key"] for one in answer["items"]] == ["todo-1", "todo-3", "todo-4"]
    assert shown() == ["> A", ". Told", ". B", ". C"]


def test_lists_of_older_versions_are_matched_by_id(api: Api) -> None:
    put(api, [{"id": "1", "content": "Build", "status": "in_progress", "priority": "high"}])
    put(api, [{"id": "2", "content": "Build", "status": "pending", "priority": "low"}])
    put(api, [{"id": "2", "content": "Build it all", "status": "completed", "priority": "low"}])
    assert shown() == ["- Build", "x Build it all"]


def test_what_is_being_done_is_the_message(api: Api) -> None:
    for _ in range(2):
        put(api, entries("> Build", activeForm="Building"))
    assert Subtask.objects.get().message == "Building"
    assert Event.objects.filter(kind="progress").count() == 1


def test_the_same_list_again_changes_nothing(api: Api) -> None:
    first = put(api, entries("x A", "> B", ". C"))
    events = Event.objects.count()
    assert put(api, entries("x A", "> B", ". C")) == first
    assert Event.objects.count() == events


def test_the_todos_follow_when_the_run_has_ended(api: Api, settings: Settings) -> None:
    settings.TRACKED_OPEN_SECONDS = 0
    put(api, entries("x A", "x B"))
    assert Run.objects.get().status == "completed"
    assert set(Todo.objects.values_list("status", flat=True)) == {"completed"}


def test_a_list_that_goes_on_after_its_run_has_ended_makes_another(api: Api, settings: Settings) -> None:
    settings.TRACKED_OPEN_SECONDS = 0
    first = put(api, entries("x A", "x B"))
    assert put(api, entries("x A", "x B"))["run"] == first["run"]
    settings.TRACKED_OPEN_SECONDS = 30
    second = put(api, entries("x A", "x B", "> C"))
    assert second["run"] != first["run"]
    assert shown() == ["x A", "x B", "> C"]
    assert attempts(int(second["run"]), "todo-1") == []
    assert Event.objects.filter(run=second["run"], kind="carried_over").count() == 2


def test_a_cancelled_run_is_not_written_to_again(api: Api) -> None:
    first = put(api, entries(". A"))["run"]
    api.post(f"runs/{first}/cancel/")
    sweep_now()
    second = put(api, entries(". A"))["run"]
    assert (shown(int(first)), shown(int(second))) == (["- A"], [". A"])


def test_a_run_that_is_being_cancelled_gets_nothing_more(api: Api) -> None:
    first = put(api, entries("> A"))["run"]
    api.post(f"runs/{first}/cancel/")
    refused = api.post(f"runs/{first}/reports/", {"reports": [{"key": "new"}]})
    assert (refused.status_code, shown(int(first))) == (409, ["> A"])
    assert put(api, entries("> A"))["run"] != first


def test_sessions_are_those_of_their_token(ada: User) -> None:
    runs = {put(Api(token_of(ada, "agent")), entries(". A"))["run"] for _ in range(2)}
    assert (len(runs), Session.objects.count()) == (2, 2)


def test_sessions_have_runs_of_their_own(api: Api) -> None:
    first, second = put(api, entries(". A"), "s1"), put(api, entries(". B"), "another session of mine")
    assert first["run"] != second["run"]
    assert statuses(int(second["run"])) == {"todo-1": "pending"}


@pytest.mark.parametrize(
    ("todos", "pointer"),
    [
        ("none", "/todos"),
        ([{"content": "A"}], "/todos/0/status"),
        ([{"content": "A", "status": "done"}], "/todos/0/status"),
        ([{"content": " ", "status": "pending"}], "/todos/0/content"),
        ([{"content": 5, "status": "pending"}], "/todos/0/content"),
        ([{"content": "A", "status": "pending", "id": True}], "/todos/0/id"),
        ([{"content": "A", "status": "pending", "priority": "urgent"}], "/todos/0/priority"),
        ([{"content": "A", "status": "pending", "id": "1"}, {"content": "B", "status": "pending", "id": 1}], "/todos"),
    ],
)
def test_what_is_wrong_is_named_and_changes_nothing(api: Api, todos: Any, pointer: str) -> None:
    put(api, entries("> A"))
    answer = api.send("PUT", "todowrite/s1/", {"todos": todos})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)
    assert shown() == ["> A"]


def test_a_list_that_is_too_long_changes_nothing(api: Api, settings: Settings) -> None:
    settings.RUN_MAX_SUBTASKS = 2
    put(api, entries("> A"))
    answer = api.send("PUT", "todowrite/s1/", {"todos": entries("> A", ". B", ". C")})
    assert (answer.status_code, shown()) == (422, ["> A"])


def test_a_session_has_a_name_of_some_length(api: Api) -> None:
    assert api.send("PUT", f"todowrite/{'x' * 201}/", {"todos": []}).status_code == 404
