"""Whatever happens in whatever order, the promises hold after each step, and the run ends once nothing more goes wrong.

MODEL_EXAMPLES and MODEL_STEPS make it look for longer: `MODEL_EXAMPLES=500 pytest …/transitions/test_model.py`, say.
"""

import os
from typing import Any

import pytest
from django.conf import settings as product
from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from runs import loop, sweep, transitions
from runs.backends.hand import Hand
from runs.engine import states
from runs.models import Attempt, Subtask
from runs.reports import Report, Said, Verdict
from runs.verify import verify
from tests.runs.factories import Work, agent, dump, work

pytestmark = pytest.mark.django_db

EXAMPLES = int(os.environ.get("MODEL_EXAMPLES") or 6)
STEPS = int(os.environ.get("MODEL_STEPS") or 25)
KEYS = ("a", "b", "c", "d", "e")
WORKERS = ("worker/1", "worker/2", "worker/3")
ENDS = (Said.COMPLETE, Said.COMPLETE, Said.FAIL, Said.RELEASE, Said.CANCEL, Said.TIME_OUT, Said.LOSE)
LIVENESS_ROUNDS = 200
which = st.integers(0, 63)  # of things that are there by then


class Broken(Exception):
    """The process dies before the commit."""


@st.composite
def outlines(draw: Any) -> dict[str, Any]:
    """A few subtasks: some need others, some claim a file, some change things, some ask a person."""
    found: dict[str, Any] = {}
    for at, key in enumerate(KEYS[: draw(st.integers(2, len(KEYS)))]):
        said: dict[str, Any] = {"needs": [before for before in KEYS[:at] if draw(st.integers(0, 3)) == 0]}
        said["lane"] = draw(st.sampled_from(("query", "query", "execute")))
        said["max_retries"] = draw(st.integers(0, 2))
        kind = draw(st.integers(0, 5))
        if kind == 0:
            said["executor"] = {"name": "approval"}
        elif kind == 1:
            said["claims"] = [{"kind": "file", "name": "one", "mode": "write"}]
        found[key] = said
    return found


class Orchestra(RuleBasedStateMachine):
    """Workers that do as they are told or do not, two orchestrators, and messages that come late, twice or never."""

    made: Work
    played = 0  # runs that were brought to their end

    @initialize(outline=outlines(), agents=st.integers(1, 3), fail_fast=st.booleans())
    def begin(self, outline: dict[str, Any], agents: int, fail_fast: bool) -> None:
        self.undo = transaction.atomic()
        self.undo.__enter__()
        self.made = work(outline, backend="celery", max_agents=agents, fail_fast=fail_fast)
        self.latest = self.made.now
        self.late: list[Report] = []  # what an orchestrator has found and not written yet
        self.ended: dict[str, str] = {}
        self.accepted: list[int] = []  # subtasks whose end as completed was acknowledged

    def teardown(self) -> None:
        if not hasattr(self, "made"):
            return
        try:
            self.finish()
        finally:
            transaction.set_rollback(True)
            self.undo.__exit__(None, None, None)

    # ---- what is done ----

    def say(self, *reports: Report, hands: tuple[Hand, ...] = ()) -> None:
        with self.made.entry() as entry:
            transitions.apply(entry, list(reports), 0.5)
            loop.run_pass(entry, None, hands)
        for report in reports:
            if report.said is Said.COMPLETE and report.verdict is Verdict.ACCEPTED:
                self.accepted.append(Attempt.objects.values_list("subtask_id", flat=True).get(pk=report.attempt))

    def attempts(self, *statuses: str) -> list[Attempt]:
        found = Attempt.objects.filter(run=self.made.run_id).order_by("pk")
        return list(found.filter(status__in=statuses) if statuses else found)

    def start(self, attempt: Attempt, worker: str, epoch: int | None = None) -> None:
        who, now = agent(worker).pk, self.made.now
        epoch = attempt.epoch if epoch is None else epoch
        self.say(Report(Said.START, self.made.run_id, attempt.pk, epoch, taken_by=who, free_since=now))

    @rule(at=which, worker=st.sampled_from(WORKERS), off=st.sampled_from((0, 0, 0, 1)))
    def a_message_arrives(self, at: int, worker: str, off: int) -> None:
        """It may be an old one, one that came before, or a forged one."""
        if attempts := self.attempts():
            attempt = attempts[at % len(attempts)]
            self.start(attempt, worker, attempt.epoch + off)

    @rule(at=which, worker=st.sampled_from(WORKERS))
    def a_worker_takes_up_what_waits(self, at: int, worker: str) -> None:
        if attempts := self.attempts("leased"):
            self.start(attempts[at % len(attempts)], worker)

    @rule(at=which, off=st.sampled_from((0, 0, -1, 1)), progress=st.none() | st.floats(0, 1))
    def a_worker_beats(self, at: int, off: int, progress: float | None) -> None:
        if attempts := self.attempts():
            one = attempts[at % len(attempts)]
            self.say(Report(Said.BEAT, self.made.run_id, one.pk, max(0, one.epoch + off), progress=progress))

    @rule(at=which, said=st.sampled_from(ENDS), retryable=st.booleans(), twice=st.booleans(), goes_on=st.booleans())
    def an_attempt_ends(self, at: int, said: Said, retryable: bool, twice: bool, goes_on: bool) -> None:
        if attempts := self.attempts("running"):
            self.end(attempts[at % len(attempts)], said, retryable, twice=twice, goes_on=goes_on)

    @rule(at=which, said=st.sampled_from(ENDS))
    def a_zombie_says_how_it_ended(self, at: int, said: Said) -> None:
        if attempts := self.attempts("lost", "cancelled", "failed", "timed_out", "succeeded"):
            one, before = attempts[at % len(attempts)], len(self.accepted)
            self.end(one, said, True)
            assert len(self.accepted) == before

    def end(self, one: Attempt, said: Said, retryable: bool, *, twice: bool = False, goes_on: bool = False) -> None:
        report = Report(said, self.made.run_id, one.pk, one.epoch, retryable=retryable, result={"of": one.pk})
        again = Report(said, self.made.run_id, one.pk, one.epoch, retryable=retryable, result={"of": one.pk})
        hands = (Hand(one.agent_id, self.made.now, ("query", "execute")),) if goes_on else ()
        self.say(*([report, again] if twice else [report]), hands=hands)
        assert again.verdict is not Verdict.ACCEPTED

    # ---- time and who looks after it ----

    @rule(seconds=st.sampled_from((0.5, 2, 10, 16, 400, -3)))
    def time_passes_or_is_set_back(self, seconds: float) -> None:
        self.made.clock.advance(seconds)

    @rule()
    def an_orchestrator_sweeps(self) -> None:
        self.say(*[found for found in sweep.overdue(self.made.now) if found.run == self.made.run_id])

    @rule()
    def another_looks_and_is_slow_to_write(self) -> None:
        self.late = [found for found in sweep.overdue(self.made.now) if found.run == self.made.run_id]

    @precondition(lambda self: self.late)
    @rule()
    def it_writes_what_it_had_found(self) -> None:
        late, self.late = self.late, []
        self.say(*late)

    @rule(at=which)
    def a_process_dies_before_its_commit(self, at: int) -> None:
        before = dump()
        with pytest.raises(Broken), self.made.entry() as entry:
            open_ones = self.attempts("running")
            if open_ones:
                one = open_ones[at % len(open_ones)]
                transitions.apply(entry, [Report(Said.COMPLETE, self.made.run_id, one.pk, one.epoch)], 0.0)
            loop.run_pass(entry, None)
            raise Broken
        assert dump() == before

    # ---- what people do ----

    @rule(verb=st.sampled_from(("pause", "resume")))
    def somebody_pauses_or_resumes(self, verb: str) -> None:
        with self.made.entry() as entry:
            transitions.move(entry, verb)
            loop.run_pass(entry, None)

    @rule(at=which, yes=st.booleans())
    def somebody_answers(self, at: int, yes: bool) -> None:
        asked = [one for one in self.attempts("running") if one.waits_for == states.Wait.PERSON]
        if asked:
            self.end(asked[at % len(asked)], Said.COMPLETE if yes else Said.FAIL, False)

    @rule(at=which, all_of_it=st.sampled_from((False, False, False, True)))
    def somebody_cancels(self, at: int, all_of_it: bool) -> None:
        with self.made.entry() as entry:
            if all_of_it:
                transitions.request_cancel(entry)
            elif begun := self.attempts("leased", "running"):
                transitions.request_stop(entry, begun[at % len(begun)].subtask_id)
            loop.run_pass(entry, None)

    # ---- what always holds ----

    @invariant()
    def nothing_is_violated(self) -> None:
        if hasattr(self, "made"):
            self.latest = max(self.latest, self.made.now)  # leases were given by clocks that were set back since
            found = [f"{one.id} {line}" for one in verify(self.made.run_id, self.latest) for line in one.shown]
            assert found == []

    @invariant()
    def what_has_ended_stays_as_it_is_and_nothing_is_completed_twice(self) -> None:
        if not hasattr(self, "made"):
            return
        now = dict(Subtask.objects.filter(run=self.made.run_id).values_list("key", "status"))
        assert {key: now[key] for key in self.ended} == self.ended
        self.ended = {key: status for key, status in now.items() if status in states.TERMINAL}
        assert len(self.accepted) == len(set(self.accepted))

    # ---- nothing more goes wrong ----

    def finish(self) -> None:
        """Somebody resumes and answers, workers do what lies there: the run ends."""
        for _ in range(LIVENESS_ROUNDS):
            if self.made.run.status in states.RUN_TERMINAL:
                break
            self.somebody_pauses_or_resumes("resume")
            self.an_orchestrator_sweeps()
            for attempt in self.attempts("leased"):
                self.start(attempt, WORKERS[0])
            for attempt in self.attempts("running"):
                self.end(attempt, Said.COMPLETE, True)
            self.made.clock.advance(product.LEASE_SECONDS + 1)
        assert self.made.run.status in states.RUN_TERMINAL
        self.nothing_is_violated()
        completed = set(Subtask.objects.filter(run=self.made.run_id, status="completed").values_list("pk", flat=True))
        assert completed == set(self.accepted)
        type(self).played += 1


def test_the_promises_hold_whatever_happens_in_whatever_order() -> None:
    quick = settings(
        max_examples=EXAMPLES,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        phases=[Phase.generate],  # each step costs many statements: what failed is shown as it was
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Orchestra, settings=quick)
    assert Orchestra.played >= EXAMPLES
