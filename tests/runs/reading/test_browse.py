import pytest
from django.contrib.auth.models import User
from pytest_django import DjangoAssertNumQueries

from runs.models import Event, Run, Subtask
from runs.reading import browse
from runs.reading.browse import RunFilter, SubtaskFilter
from tests.scenes import Scene, scene

pytestmark = pytest.mark.django_db


@pytest.fixture
def mixed(ada: User) -> Scene:
    """Of a to h: a is done, b failed and took c with it, d and e are under way, the rest waits."""
    there = scene(ada, "abcdefgh", {"c": ["b"]}, max_agents=5)
    there.start("a", "b", "d", "e")
    there.later(3)
    there.complete("a")
    there.fail("b")
    return there


def keys(there: Scene, limit: int = 50, **wanted: str) -> list[str]:
    return [row.key for row in browse.subtasks(there.run, SubtaskFilter(**wanted), "", limit).rows]


# ---- subtasks ----


def test_what_moves_comes_first_then_what_failed_then_what_waits(mixed: Scene) -> None:
    assert keys(mixed) == ["d", "e", "b", "f", "g", "h", "a", "c"]


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
def test_pages_by_interest_hold_every_subtask_once_and_lead_back(mixed: Scene, limit: int) -> None:
    seen: list[str] = []
    backwards: list[str] = []
    page = browse.subtasks(mixed.run, SubtaskFilter(), "", limit)
    while True:
        seen += [row.key for row in page.rows]
        if not page.next:
            break
        page = browse.subtasks(mixed.run, SubtaskFilter(), page.next, limit)
    while True:
        backwards = [row.key for row in page.rows] + backwards
        if not page.previous:
            break
        page = browse.subtasks(mixed.run, SubtaskFilter(), page.previous, limit)
    assert seen == ["d", "e", "b", "f", "g", "h", "a", "c"]
    assert backwards == seen


def test_subtasks_can_be_narrowed_to_a_status(mixed: Scene) -> None:
    assert keys(mixed, status="pending") == ["f", "g", "h"]
    assert keys(mixed, status="skipped") == ["c"]


def test_subtasks_can_be_ordered_as_they_were_written(mixed: Scene) -> None:
    assert keys(mixed, order="position") == list("abcdefgh")


def test_a_search_finds_keys_and_texts(ada: User) -> None:
    there = scene(ada, ["read.cart", "read.stock", "note"])
    assert keys(there, text="CART") == ["read.cart"]
    assert keys(there, text="do note") == ["note"]
    assert keys(there, text="nothing") == []


def test_in_a_large_run_a_search_finds_keys_by_how_they_begin(ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    there = scene(ada, ["read.cart", "read.stock", "note"])
    monkeypatch.setattr(browse, "SEARCHED_WHOLE", 2)
    assert not browse.searches_text(there.run)
    assert keys(there, text="read.") == ["read.cart", "read.stock"]
    assert keys(there, text="cart") == []


def test_a_cursor_of_another_order_shows_the_first_page(mixed: Scene) -> None:
    by_key = browse.subtasks(mixed.run, SubtaskFilter(order="key"), "", 2)
    first = browse.subtasks(mixed.run, SubtaskFilter(), by_key.next, 2)
    assert [row.key for row in first.rows] == ["d", "e"]


def test_rows_leave_out_what_may_be_large(mixed: Scene) -> None:
    (row, *_) = browse.subtasks(mixed.run, SubtaskFilter(), "", 1).rows
    assert {"result", "inputs", "claims", "rollback"} <= row.get_deferred_fields()


def test_the_number_of_queries_does_not_follow_the_number_of_rows(
    ada: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in (2, 50):
        run = scene(ada, [f"k{at}" for at in range(number)]).run
        with django_assert_num_queries(1):
            browse.subtasks(run, SubtaskFilter(), "", 50)


def test_the_first_failures_are_found_in_reading_order(mixed: Scene) -> None:
    mixed.fail("e", "d")
    assert [row.key for row in browse.failed(mixed.run_id, 2)] == ["b", "d"]


# ---- runs ----


@pytest.fixture
def three(ada: User, eve: User) -> list[Run]:
    """Ada's, and one of Eve's."""
    made = [scene(ada, content=content).run for content in ("Docs", "Review of docs", "Nightly")]
    scene(eve, content="Eve's docs")
    Run.objects.filter(pk=made[2].pk).update(status="failed")
    return made


def test_runs_come_newest_first_and_are_ones_own(ada: User, three: list[Run]) -> None:
    page = browse.runs(ada.pk, RunFilter(), "", 2)
    assert [run.content for run in page.rows] == ["Nightly", "Review of docs"]
    following = browse.runs(ada.pk, RunFilter(), page.next, 2)
    assert [run.content for run in following.rows] == ["Docs"]


@pytest.mark.parametrize(
    ("wanted", "contents"),
    [
        (RunFilter(status="failed"), ["Nightly"]),
        (RunFilter(backend="external"), []),
        (RunFilter(text="DOCS"), ["Review of docs", "Docs"]),
        (RunFilter(status="pending", text="review"), ["Review of docs"]),
    ],
)
def test_runs_can_be_narrowed(ada: User, three: list[Run], wanted: RunFilter, contents: list[str]) -> None:
    assert [run.content for run in browse.runs(ada.pk, wanted, "", 50).rows] == contents
    assert browse.count_runs(ada.pk, wanted) == len(contents)


# ---- events ----


def test_events_come_newest_first_and_say_where_to_look_on(mixed: Scene) -> None:
    run = mixed.run
    newest, older = browse.events(run, "", run.last_seq + 1, 4)
    assert [event.seq for event in newest] == list(range(run.last_seq, run.last_seq - 4, -1))
    assert older == run.last_seq - 3
    rest, oldest = browse.events(run, "", older, 1_000)
    assert [event.seq for event in rest] == list(range(older - 1, 0, -1))
    assert oldest == 0


def test_events_can_be_narrowed_to_a_topic(mixed: Scene) -> None:
    run = mixed.run
    found, older = browse.events(run, "errors", run.last_seq + 1, 50)
    assert [event.kind for event in found] == ["failed"]
    assert older == 0


def test_a_rare_topic_is_looked_for_only_so_far(mixed: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    run = mixed.run
    monkeypatch.setattr(browse, "EVENTS_SEARCHED", 3)
    found, older = browse.events(run, "metrics", run.last_seq + 1, 50)
    assert found == []
    assert older == run.last_seq - 2


def test_events_that_were_trimmed_are_not_promised(mixed: Scene) -> None:
    Event.objects.filter(run=mixed.run_id, seq__lte=5).delete()
    Run.objects.filter(pk=mixed.run_id).update(trim_seq=5)
    run = mixed.run
    found, older = browse.events(run, "", run.last_seq + 1, 1_000)
    assert found[-1].seq == 6
    assert older == 0


# ---- attempts ----


def test_attempts_come_agent_by_agent_with_their_names(ada: User) -> None:
    there = scene(ada, "abcd")
    there.start("a", agent="agent-2")
    there.start("b", agent="agent-1")
    there.complete("a", "b")
    there.start("c", agent="agent-2")
    first = browse.attempts(there.run_id, "", 2)
    rest = browse.attempts(there.run_id, first.next, 2)
    found = [(row.agent.name, row.subtask.key) for row in [*first.rows, *rest.rows]]
    assert found == [("agent-2", "a"), ("agent-2", "c"), ("agent-1", "b")]


def test_names_are_looked_up_once_for_all_ids(mixed: Scene, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    a, b = mixed.subtask("a").pk, mixed.subtask("b").pk
    with django_assert_num_queries(1):
        assert browse.named(Subtask, [a, None, b, a], "key") == {a: "a", b: "b"}
    with django_assert_num_queries(0):
        assert browse.named(Subtask, [None], "key") == {}
