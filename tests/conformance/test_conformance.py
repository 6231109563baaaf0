"""What every backend promises, on SQLite and PostgreSQL: written once, carried out by real workers of each."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import pytest

from tests import servers
from tests.conformance import places
from tests.conformance.backends import Backend, Celery, Embedded, External, Outline, Tracked, Work
from tests.conformance.places import PATIENCE

pytestmark = pytest.mark.services

WHERE = {"sqlite": places.sqlite, "postgresql": places.postgresql}
BACKENDS: dict[str, type[Backend]] = {"embedded": Embedded, "celery": Celery, "external": External, "tracked": Tracked}
DISPATCHING = [("sqlite", "embedded"), ("sqlite", "external")] + [
    ("postgresql", word) for word in ("embedded", "external", "celery")
]
ALL = [*DISPATCHING, ("sqlite", "tracked"), ("postgresql", "tracked")]
APPROVAL = {"executor": {"name": "approval", "question": "Ship it?"}}
FILE = {"resources": [{"kind": "file", "name": "one.txt", "mode": "write"}]}


@pytest.fixture(scope="module")
def backend_of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str, str], Backend]]:
    """Makes a backend at a place; places are started once, and must keep their promises in the end."""
    with ExitStack() as stack:

        @cache
        def place(where: str) -> places.Place:
            return WHERE[where](stack, tmp_path_factory.mktemp(where))

        made: dict[tuple[str, str], Backend] = {}

        def backend(where: str, word: str) -> Backend:
            return made.setdefault((where, word), BACKENDS[word](place(where)))

        yield backend
        for one in {found.place for found in made.values()}:
            assert "clean" in one.python("manage.py", "verify")


@pytest.fixture
def backend(backend_of: Callable[[str, str], Backend], request: pytest.FixtureRequest) -> Backend:
    where, word = request.param
    return backend_of(where, word)


def everywhere(which: list[tuple[str, str]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("backend", which, indirect=True, ids=[f"{word}-{where}" for where, word in which])


def chain(*keys: str) -> Outline:
    return {key: {"depends_on": [before] if before else []} for before, key in zip(("", *keys), keys)}


def order(work: Work, kind: str = "leased") -> list[str]:
    return [event["subtask"] for event in work.events() if event["kind"] == kind]


# ---- how subtasks end ----


@everywhere(ALL)
def test_a_run_completes(backend: Backend) -> None:
    work = backend.run({"a": {}, "b": {}})
    work.finish("a", "b")
    work.ends("completed")
    assert [work.tries(key) for key in "ab"] == [["succeeded"], ["succeeded"]]


@everywhere(DISPATCHING)
def test_results_are_kept_and_handed_on(backend: Backend) -> None:
    work = backend.run({"a": {}, "b": {"depends_on": ["a"], "inputs": {"it": {"from": "a"}}}})
    work.finish("a", "b")
    work.ends("completed")
    assert (work.subtask("a")["result"], order(work)) == ({"of": "a"}, ["a", "b"])


@everywhere(ALL)
def test_what_fails_for_good_fails_the_run(backend: Backend) -> None:
    work = backend.run({"a": {"max_retries": 0}, "b": {}})
    work.finish("a", fails=9)
    work.finish("b")
    work.ends("failed")
    assert (work.statuses(), work.tries("a")) == ({"a": "failed", "b": "completed"}, ["failed"])


@everywhere(DISPATCHING)
def test_what_fails_is_tried_again_and_at_last_alone(backend: Backend) -> None:
    work = backend.run({"a": {"max_retries": 1}, "b": {}})
    work.begun("a", "b")
    work.finish("a", fails=2)
    work.until(lambda: work.tries("a") == ["failed"] * 2, "two tries fail")
    assert work.subtask("a")["waiting_for"] in ("capacity", "retry")
    work.finish("b")
    work.ends("completed")
    events = [event["kind"] for event in work.events()]
    assert work.tries("a") == ["failed", "failed", "succeeded"]
    assert events.index("completed") < len(events) - 1 - events[::-1].index("leased"), "alone: after b"


@everywhere(ALL)
def test_what_has_ended_is_never_opened_again(backend: Backend) -> None:
    work = backend.run(chain("a", "b"))
    work.begun("a")
    work.finish("a")
    work.becomes("a", "completed")
    before = (work.tries("a"), order(work, "completed"))
    backend.say_again(work, "a")
    work.begun("b")
    work.finish("b")
    work.ends("completed")
    assert (work.tries("a"), order(work, "completed")[:1]) == before


# ---- what starts, and when ----


@everywhere(DISPATCHING)
def test_what_depends_on_something_starts_after_it(backend: Backend) -> None:
    work = backend.run(chain("a", "b", "c"))
    work.finish("b", "c")
    work.begun("a")
    assert work.statuses() == {"a": "in_progress", "b": "pending", "c": "pending"}
    work.finish("a")
    work.ends("completed")
    assert order(work) == ["a", "b", "c"]


@everywhere(DISPATCHING)
def test_what_depends_on_a_failure_is_skipped_and_what_waits_for_it_starts(backend: Backend) -> None:
    outline = {"a": {"max_retries": 0}} | {
        word: {"depends_on": ["a"], "when": word} for word in ("success", "always", "failed")
    }
    work = backend.run(outline)
    work.finish("a", fails=1)
    work.finish("always", "failed")
    work.ends("failed")
    assert work.statuses() == {"a": "failed", "success": "skipped", "always": "completed", "failed": "completed"}


@everywhere(DISPATCHING)
def test_two_that_claim_the_same_are_never_at_it_together(backend: Backend) -> None:
    work = backend.run(dict.fromkeys("abc", FILE))
    work.finish(*"abc")
    work.ends("completed")
    book = work.book
    assert [line.split()[0] for line in book] == ["begin", "end"] * 3
    assert all(first.split()[1] == then.split()[1] for first, then in zip(book[::2], book[1::2]))


@everywhere(DISPATCHING)
def test_the_more_urgent_starts_first(backend: Backend) -> None:
    work = backend.run({"a": {"priority": 5}, "b": {"priority": 3}, "c": {"priority": 1}}, max_agents=1)
    work.finish(*"abc")
    work.ends("completed")
    assert order(work) == ["c", "b", "a"]


@everywhere(DISPATCHING)
def test_no_more_are_at_work_than_the_run_allows(backend: Backend) -> None:
    work = backend.run({key: {} for key in "abcdef"}, max_agents=2)
    work.begun("a", "b")
    assert work.look()["counts"]["in_progress"] == 2
    work.finish(*"abcdef")
    work.ends("completed")
    assert backend.place.call("GET", f"{work.path}progress/")["agents_peak"] == 2


# ---- what people do ----


@everywhere(ALL)
def test_a_cancel_reaches_work_that_is_under_way(backend: Backend) -> None:
    work = backend.run(chain("a", "b"))
    work.begun("a")
    work.steer("cancel")
    work.ends("cancelled")
    assert (work.statuses(), work.tries("a")) == ({"a": "cancelled", "b": "cancelled"}, ["cancelled"])
    assert "end a" not in work.book


@everywhere(DISPATCHING)
def test_cancelling_one_leaves_the_others(backend: Backend) -> None:
    work = backend.run({"a": {}, "b": {}})
    work.begun("a", "b")
    work.steer("subtasks/a/cancel")
    work.becomes("a", "cancelled")
    work.finish("b")
    work.ends("failed")
    assert work.statuses() == {"a": "cancelled", "b": "completed"}


@everywhere(DISPATCHING)
def test_while_a_run_is_paused_nothing_starts(backend: Backend) -> None:
    work = backend.run(chain("a", "b"))
    work.begun("a")
    work.steer("pause")
    work.finish("a", "b")
    work.becomes("a", "completed")
    assert (work.subtask("b")["status"], work.subtask("b")["waiting_for"]) == ("pending", "paused")
    work.steer("resume")
    work.ends("completed")
    kinds = [event["kind"] for event in work.events()]
    paused = kinds.index("run_paused")
    assert "leased" not in kinds[paused : kinds.index("run_running", paused)]


@everywhere(DISPATCHING)
@pytest.mark.parametrize("yes", [True, False], ids=["yes", "no"])
def test_a_person_is_asked(backend: Backend, yes: bool) -> None:
    work = backend.run({"ask": APPROVAL, "b": {"depends_on": ["ask"]}})
    work.until(lambda: work.subtask("ask")["waiting_for"] == "person", "it asks")
    work.finish("b")
    backend.place.call("POST", f"{work.path}subtasks/ask/answer/", {"approve": yes})
    work.ends("completed" if yes else "failed")
    assert work.statuses()["b"] == ("completed" if yes else "skipped")


@everywhere(DISPATCHING)
def test_what_is_added_is_carried_out_too(backend: Backend) -> None:
    work = backend.run({"a": {}})
    work.begun("a")
    added = backend.subtask("b", work.folder, {"depends_on": ["a"]})
    backend.place.call("POST", f"{work.path}subtasks/", added)
    work.finish("a", "b")
    work.ends("completed")
    assert work.statuses() == {"a": "completed", "b": "completed"}


# ---- what goes wrong ----


@everywhere(DISPATCHING)
def test_what_runs_over_its_time_is_ended(backend: Backend) -> None:
    work = backend.run({"a": {"timeout_seconds": 1, "max_retries": 0}})
    work.ends("failed")
    assert work.tries("a") == ["timed_out"]
    assert "end a" not in work.book


@everywhere(ALL)
def test_who_falls_silent_is_replaced_and_counts_no_more(backend: Backend) -> None:
    work = backend.run({"a": {}, "b": {}}, max_agents=1)
    work.begun("a")
    backend.lose_one()
    if backend.dispatches:
        servers.until(lambda: work.book.count("begin a") == 2, "another does it", PATIENCE)
        work.finish("a")
        work.becomes("a", "completed")
        backend.come_back(work, "a")
        work.finish("b")
    work.ends("completed" if backend.dispatches else "cancelled")
    lost, last = work.tries("a")[:-1], work.tries("a")[-1]
    assert (set(lost), last) == (({"lost"}, "succeeded") if backend.dispatches else (set(), "lost"))


STANDS_STILL = """
import django, os, signal
django.setup()
from django.db import transaction
from runs.models import Run
with transaction.atomic():
    list(Run.objects.select_for_update())
    os.kill(os.getpid(), signal.SIGSTOP)
"""


@everywhere([("postgresql", "external")])
def test_who_stands_still_within_a_transaction_does_not_hold_up_the_others(backend: Backend) -> None:
    work = backend.run({"a": {}})
    work.begun("a")
    backend.place.start("still", "-c", STANDS_STILL, IMPATIENT="1")
    stat = Path(f"/proc/{backend.place.processes['still'].pid}/stat")
    servers.until(lambda: stat.read_text().rpartition(")")[2].split()[0] == "T", "it stands still")
    work.finish("a")
    work.ends("completed")
    backend.place.kill("still")


@everywhere([("postgresql", "celery")])
def test_a_message_that_comes_again_to_whoever_is_at_it_changes_nothing(backend: Backend) -> None:
    assert isinstance(backend, Celery)
    work = backend.run({"a": {}})
    work.begun("a")
    backend.offer_again(work, "a")
    later = backend.run({"b": {}})  # its message stands behind
    later.finish("b")
    later.ends("completed")
    work.finish("a")
    work.ends("completed")
    assert work.tries("a") == ["succeeded"]


@everywhere([("postgresql", "celery")])
def test_a_worker_that_celery_gives_up_begins_anew(backend: Backend) -> None:
    fails = backend.place.home / "fails"
    fails.touch()
    more = {"DJANGO_SETTINGS_MODULE": "tests.conformance.gives_up", "GIVES_UP": str(fails)}
    backend.place.start("clumsy", "manage.py", "worker", "--name", "clumsy", **more)
    ready = "concurrency"  # stands in what Celery says when it starts
    servers.until(lambda: backend.place.log("clumsy").count(ready) == 2, "it starts twice", PATIENCE)
    assert "begins anew" in backend.place.log("clumsy")
    backend.place.processes["clumsy"].terminate()
    assert backend.place.processes.pop("clumsy").wait(PATIENCE) == 0


@everywhere(DISPATCHING)
def test_a_budget_that_is_used_up_stops_what_has_not_started(backend: Backend) -> None:
    work = backend.run({"a": {"priority": 1} | backend.spending(), "b": {}}, max_agents=1, budget={"tokens": 100})
    work.finish("a")
    work.ends("completed")
    assert (work.statuses(), work.look()["end_reason"]) == ({"a": "completed", "b": "skipped"}, "budget")
