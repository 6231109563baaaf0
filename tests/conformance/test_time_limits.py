"""Celery's own time limits, behind ours: whoever heeds nothing is ended with all it started, and its work goes on."""

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack

import psutil
import pytest

from tests import servers
from tests.conformance import places
from tests.conformance.backends import Celery
from tests.conformance.places import PATIENCE

pytestmark = pytest.mark.services


class Forking(Celery):
    """One worker, whose only seat is a process."""

    def start_crew(self, name: str) -> None:
        self.place.start(name, "manage.py", "worker", "--seats", "1", "--name", name, "--pool", "prefork")

    @property
    def seat(self) -> psutil.Process:
        """What it starts is below it."""
        (found,) = psutil.Process(self.place.processes[self.crew].pid).children()
        return found


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forking]:
    with ExitStack() as stack:
        place = places.postgresql(stack, tmp_path_factory.mktemp("limits"))
        yield Forking(place)
        assert "clean" in place.python("manage.py", "verify")


def test_who_is_deaf_to_everything_is_ended_by_the_hard_limit_and_another_goes_on(backend: Forking) -> None:
    work = backend.run({"a": {"timeout_seconds": 2, "max_retries": 3}})
    work.begun("a")
    seat = backend.seat
    started = seat.children(recursive=True)
    os.kill(seat.pid, signal.SIGSTOP)  # nothing but kill -9 reaches it now
    servers.until(lambda: "timed_out" in work.tries("a"), "its time is over, whatever it does", PATIENCE)
    servers.until(lambda: not seat.is_running() or seat.status() == "zombie", "the hard limit ends it", PATIENCE)
    servers.until(lambda: not any(one.is_running() for one in started), "and what it started", PATIENCE)
    assert started
    work.finish("a")
    work.ends("completed")
    *earlier, last = work.tries("a")  # where two seconds are short, the next try's time may be over before it begins
    assert (set(earlier), last) == ({"timed_out"}, "succeeded")
    assert "Hard time limit (4.0s) exceeded" in backend.place.log("worker")


def test_a_signal_makes_processes_hand_back_what_they_are_at(backend: Forking) -> None:
    work = backend.run({"b": {"max_retries": 0}})
    work.begun("b")
    worker = backend.place.processes.pop(backend.crew)
    worker.terminate()
    assert worker.wait(PATIENCE) == 0
    servers.until(lambda: "cancelled" in work.tries("b"), "it is handed back")
    assert work.subtask("b")["status"] in ("pending", "in_progress")
    backend.staffed()
    work.finish("b")
    work.ends("completed")
