import pytest
from django.contrib.auth.models import User
from pytest_django import DjangoAssertNumQueries

from runs.models import Agent, Event, Run, RunAgent
from runs.reading import timeline
from runs.reading.timeline import Chunk, Place
from tests.scenes import Scene, scene

pytestmark = pytest.mark.django_db

ID, AGENT, FROM, TO, STATUS, KEY, EPOCH, EXPECTED, ERROR, HELD = range(10)


@pytest.fixture
def there(ada: User) -> Scene:
    """Two agents; `a` is done, `b` failed and runs again, `c` runs."""
    made = scene(ada, "abc", max_agents=3)
    made.start("a", agent="agent-1")
    made.start("b", agent="agent-2")
    made.later(2)
    made.complete("a")
    made.fail("b", error="no " * 100, retryable=True)
    made.later(1.5)
    with made.entry():  # the time of its next try has come
        pass
    made.start("b", agent="agent-1")
    made.start("c", agent="agent-2")
    return made


def everything(run: Run, size: int) -> tuple[list[list], str]:
    """All chunks from the beginning, and the place after them."""
    bars, after = [], ""
    while True:
        found = timeline.chunk(run, after, size)
        assert len(found.bars) <= size
        bars += found.bars
        after = found.after
        if not found.more:
            return bars, after


def test_every_attempt_is_a_bar(there: Scene) -> None:
    found = timeline.chunk(there.run, "")
    shown = sorted((bar[KEY], bar[EPOCH], bar[FROM], bar[TO], bar[STATUS]) for bar in found.bars)
    assert shown == [
        ("a", 1, 0, 2000, "succeeded"),
        ("b", 1, 0, 2000, "failed"),
        ("b", 2, 3500, None, "running"),
        ("c", 1, 3500, None, "running"),
    ]
    assert not found.more


def test_a_bar_says_what_is_expected_of_it_and_why_it_failed(there: Scene) -> None:
    failed = next(bar for bar in timeline.chunk(there.run, "").bars if bar[STATUS] == "failed")
    assert failed[EXPECTED] == 10.0
    assert failed[ERROR].startswith("no no")
    assert len(failed[ERROR]) == timeline.LONGEST_ERROR


def test_what_nobody_estimated_is_not_expected(ada: User) -> None:
    unknown = scene(ada, "a")
    unknown.run.subtasks.update(estimated_seconds=None)
    unknown.start("a")
    (bar,) = timeline.chunk(unknown.run, "").bars
    assert bar[EXPECTED] is None


def test_agents_are_the_rows_with_what_they_did(there: Scene) -> None:
    found = timeline.chunk(there.run, "").agents
    assert [row[1:] for row in found] == [["agent-1", 1, 0, 2.0], ["agent-2", 0, 1, 2.0]]
    assert {bar[AGENT] for bar in timeline.chunk(there.run, "").bars} == {row[0] for row in found}


@pytest.mark.parametrize("size", [1, 2, 3, 4, 50])
def test_chunks_together_hold_every_bar_once(there: Scene, size: int) -> None:
    bars, _ = everything(there.run, size)
    assert len(bars) == len({bar[ID] for bar in bars}) == 4


def test_after_all_bars_only_what_changed_is_told(there: Scene) -> None:
    _, after = everything(there.run, 50)
    quiet = timeline.chunk(there.run, after)
    assert (quiet.bars, quiet.more, quiet.after) == ([], False, after)
    there.later(1)
    there.complete("c")
    (bar,) = timeline.chunk(there.run, after).bars
    assert (bar[KEY], bar[STATUS], bar[TO]) == ("c", "succeeded", 4500)


def test_what_changes_while_a_reader_catches_up_is_not_missed(there: Scene) -> None:
    first = timeline.chunk(there.run, "", 2)
    there.complete("b", "c")
    told: dict[int, str] = {bar[ID]: bar[STATUS] for bar in first.bars}
    found: Chunk = first
    while found.more:
        found = timeline.chunk(there.run, found.after, 2)
        told |= {bar[ID]: bar[STATUS] for bar in found.bars}
    found = timeline.chunk(there.run, found.after, 50)
    told |= {bar[ID]: bar[STATUS] for bar in found.bars}
    assert sorted(told.values()) == ["failed", "succeeded", "succeeded", "succeeded"]


def test_many_changes_come_in_several_chunks(there: Scene) -> None:
    _, after = everything(there.run, 50)
    there.complete("b", "c")
    first = timeline.chunk(there.run, after, 1)
    assert first.more
    rest, _ = [], ""
    while first.more:
        rest += first.bars
        first = timeline.chunk(there.run, first.after, 1)
    assert {bar[KEY] for bar in [*rest, *first.bars]} == {"b", "c"}


def test_a_trimmed_log_does_not_hide_old_attempts(there: Scene) -> None:
    Event.objects.filter(run=there.run_id).delete()
    Run.objects.filter(pk=there.run_id).update(trim_seq=there.run.last_seq)
    assert len(timeline.chunk(there.run, "").bars) == 4
    assert timeline.chunk(there.run, "1").bars, "a place before the trimmed log begins anew"


@pytest.mark.parametrize("nonsense", ["x", "-1", "9999999", "1.", "1.2", "1.2.3.4", "é", "²", ".", "1.x.2"])
def test_a_place_that_makes_no_sense_is_the_beginning(there: Scene, nonsense: str) -> None:
    assert len(timeline.chunk(there.run, nonsense).bars) == 4


def test_a_place_is_read_as_it_was_written(there: Scene) -> None:
    run = there.run
    for place in (Place(3), Place(3, (7, 12)), Place(3, caught_up=True)):
        assert Place.read(str(place), run) == place


def test_a_chunk_takes_the_same_queries_at_any_size(
    ada: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in (2, 50):
        many = scene(ada, [f"k{at}" for at in range(number)], max_agents=50)
        many.start(*(f"k{at}" for at in range(number)))
        run = many.run
        with django_assert_num_queries(2):
            assert len(timeline.chunk(run, "").bars) == number


def test_a_person_who_is_asked_is_not_busy(there: Scene) -> None:
    person = Agent.objects.create(name="person", kind="person")
    RunAgent.objects.create(run=there.run, agent=person, completed=1)
    assert timeline.chunk(there.run, "").agents[-1] == [person.pk, "person", 1, 0, None]
