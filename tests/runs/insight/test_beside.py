"""What large runs gained is worked out beside whoever asks, in a process of its own."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from runs.insight import beside, gained, kept
from runs.insight.beside import Beside
from runs.models import Run
from tests.scenes import Scene, scene


@pytest.fixture(autouse=True)
def _nothing_kept() -> Iterator[None]:
    yield
    kept._kept.clear()


@pytest.fixture
def ended(ada: User) -> Scene:
    made = scene(ada, "ab", max_agents=2)
    made.start("a", "b")
    made.later(10)
    made.complete("a", "b")
    return made


def told(run_id: int, until: float | None) -> dict[str, Any]:
    """As the child answers."""
    found = gained.gained(Run.objects.get(pk=run_id), timezone.now(), until)
    return {"found": found and asdict(found)}


@pytest.mark.django_db
def test_what_was_worked_out_beside_is_what_would_have_been_at_once(ended: Scene) -> None:
    at_once = gained.gained(ended.run, ended.now)
    Beside(told, lambda work: work(), idle=0).want(ended.run, None)
    known = kept.known(ended.run)
    assert known is not None
    assert known.found == at_once


@pytest.mark.django_db
def test_where_no_process_answers_it_is_worked_out_all_the_same(ended: Scene) -> None:
    def silent(run_id: int, until: float | None) -> dict[str, Any]:
        raise OSError("nobody is there")

    Beside(silent, lambda work: work(), idle=0).want(ended.run, 5.0)
    known = kept.known(ended.run, 5.0)
    assert known is not None and known.found is not None
    assert known.found.waterfall.wall_seconds == 5


@pytest.mark.django_db
def test_of_one_run_the_newest_wish_is_worked_out_and_the_newest_run_first(ended: Scene, ada: User) -> None:
    asked: list[tuple[int, float | None]] = []
    later: list[Callable[[], None]] = []

    def note(run_id: int, until: float | None) -> dict[str, Any]:
        asked.append((run_id, until))
        return {"found": None}

    other = scene(ada, "c").run
    waiting = Beside(note, later.append, idle=0)
    for until in (1.0, 2.0):
        waiting.want(ended.run, until)
    waiting.want(other, None)
    (work,) = later
    work()
    assert asked == [(other.pk, None), (ended.run_id, 2.0)]
    waiting.want(other, None)
    assert len(later) == 2


@pytest.mark.django_db
def test_small_runs_are_not_waited_for_and_large_ones_are(ended: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    later: list[Callable[[], None]] = []
    monkeypatch.setattr(beside, "BESIDE", Beside(told, later.append, idle=0))
    assert beside.find(ended.run, ended.now, 1.0) is not None
    Run.objects.update(total=beside.QUICK_SUBTASKS + 1)
    assert beside.find(ended.run, ended.now) is None
    later.pop()()
    assert beside.find(ended.run, ended.now) is not None
    Run.objects.update(total=beside.MOST_SUBTASKS + 1)
    too_large = beside.find(ended.run, ended.now, 2.0)
    assert too_large is not None
    assert too_large.found is None


@pytest.mark.django_db(transaction=True)
def test_a_process_of_its_own_reads_the_database(ended: Scene) -> None:
    threads: list[threading.Thread] = []

    def start(work: Callable[[], None]) -> None:
        threads.append(threading.Thread(target=work))
        threads[0].start()  # it asks the child, and needs no connection of its own

    Beside(start=start, idle=0).want(ended.run, None)
    threads[0].join(60)
    known = kept.known(ended.run)
    assert known is not None
    assert known.found == gained.gained(ended.run, ended.now)
