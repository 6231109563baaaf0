"""`/metrics`: the numbers are those there are, in a format that Prometheus reads."""

import re
import time
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from runs.estimating.live import Estimator
from runs.orchestrating import load, orchestrator
from runs.orchestrating.load import Estimates, Histogram, Load
from tests.factories import token_of
from tests.runs.acting import Stage
from tests.scenes import scene

pytestmark = pytest.mark.django_db
LINE = re.compile(r'[a-z_]+(\{[a-z]+="[^"\\]+"\})? -?[0-9.e+-]+')


def told(token: str | None) -> dict[str, float]:
    """The samples by name and label."""
    answer = ask(token)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    text = answer.content.decode()
    samples = [line for line in text.splitlines() if not line.startswith("#")]
    assert all(LINE.fullmatch(line) for line in samples), text
    assert text.endswith("\n")
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in samples)}


def ask(token: str | None):  # type: ignore[no-untyped-def]
    return Client().get("/metrics", headers={"Authorization": f"Bearer {token}"} if token else {})


def test_runs_subtasks_and_attempts_are_counted(ada: User) -> None:
    made = scene(ada, ("a", "b", "c"))
    made.start("a", "b")
    made.complete("a")
    scene(ada, ("d",))
    found = told(token_of(ada, "viewer"))
    assert (found['abreast_runs{status="running"}'], found['abreast_runs{status="pending"}']) == (1, 1)
    assert found['abreast_runs{status="failed"}'] == 0
    assert (found['abreast_subtasks{status="completed"}'], found['abreast_subtasks{status="pending"}']) == (1, 2)
    assert (found["abreast_attempts_open"], found["abreast_agents_active"]) == (1, 1)
    assert found["process_resident_memory_bytes"] > 1_000_000
    assert found["process_cpu_seconds_total"] > 0


def test_a_ledger_tells_how_long_its_commits_took_and_how_much_was_in_them(
    stage: Stage, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(orchestrator, "_ledger", stage.ledger)
    made = stage.run({"x": {}})
    stage.end(made, "x")
    found = told(token_of(ada, "viewer"))
    assert found["abreast_ledger_commit_seconds_count"] == found["abreast_ledger_batch_size_count"] >= 2
    assert found['abreast_ledger_batch_size_bucket{le="+Inf"}'] == found["abreast_ledger_batch_size_count"]
    assert (found["abreast_ledger_queue"], found["abreast_workers"]) == (0, 1)


def test_the_estimator_tells_its_own_load_and_how_old_its_word_is(ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Estimates()
    monkeypatch.setattr(load, "ESTIMATES", kept)
    before = told(token_of(ada, "viewer"))
    assert (before["abreast_estimate_seconds_count"], "abreast_estimate_age_seconds" in before) == (0, False)
    made = scene(ada, ("a", "b", "c"))
    made.start("a")
    made.later(2)
    answers: list[dict[str, Any]] = [{"why": "agent", "took_seconds": 0.03}]
    one = Estimator(lambda run: answers.pop(), lambda: made.now, lambda: time.monotonic() - 7, kept)
    one.turn()
    found = told(token_of(ada, "viewer"))
    assert (found["abreast_estimate_seconds_count"], found["abreast_estimate_seconds_sum"]) == (1, 0.03)
    assert 7 <= found["abreast_estimate_age_seconds"] < 60


def test_an_estimate_that_does_not_come_is_counted_and_the_last_one_grows_old(ada: User) -> None:
    made, kept = scene(ada, ("a", "b", "c")), Estimates()
    made.start("a")
    made.later(2)

    def gone(run: int) -> dict[str, Any]:
        raise OSError("it has ended")

    with pytest.raises(OSError, match="it has ended"):
        Estimator(gone, lambda: made.now, kept=kept).turn()
    assert (kept.failed, kept.age(5.0)) == (1, None)
    kept.asked_at = {1: 2.0, 2: 4.0}
    assert kept.age(5.0) == 3.0


def test_it_is_for_those_who_may_look(ada: User) -> None:
    assert ask(None).status_code == 401
    assert ask(token_of(ada, "agent")).status_code == 403


def test_a_histogram_counts_values_up_to_each_bound() -> None:
    found = Histogram((1, 5))
    for value in (0.5, 1, 2, 9):
        found.add(value)
    assert (found.counts, found.total) == ([2, 1, 1], 12.5)


def test_a_load_keeps_sizes_and_seconds_apart() -> None:
    load = Load()
    load.committed(3, 0.004)
    assert (load.sizes.total, load.seconds.total) == (3, 0.004)
