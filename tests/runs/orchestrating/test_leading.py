"""Of several processes on one database one leads; what another still wants to write is refused."""

import pytest
from django.conf import settings

from runs.backends.embedded import Embedded
from runs.orchestrating.leading import Lead, LedLedger, NotLeading
from runs.reports import Report, Said
from tests.runs.factories import Clock, work

SECONDS = settings.LEAD_SECONDS

pytestmark = pytest.mark.django_db


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_one_of_two_leads(clock: Clock) -> None:
    first, second = Lead("first", clock), Lead("second", clock)
    assert (first.acquire(), second.acquire()) == (True, False)
    assert first.renew()
    first.check()


def test_who_renews_stays(clock: Clock) -> None:
    first, second = Lead("first", clock), Lead("second", clock)
    first.acquire()
    clock.advance(SECONDS - 1)
    assert first.renew()
    clock.advance(SECONDS - 1)
    assert not second.acquire()


def test_another_takes_over_after_silence_and_the_first_is_refused(clock: Clock) -> None:
    first, second = Lead("first", clock), Lead("second", clock)
    first.acquire()
    clock.advance(SECONDS)
    assert second.acquire()
    assert second.term == first.term + 1
    assert not first.renew()
    with pytest.raises(NotLeading):
        first.check()


def test_who_comes_back_after_another_must_not_write_under_the_old_epoch(clock: Clock) -> None:
    first, second = Lead("first", clock), Lead("second", clock)
    first.acquire()
    old = first.term
    clock.advance(SECONDS)
    second.acquire()
    clock.advance(SECONDS)
    assert first.acquire()
    first.check()
    first.term = old
    with pytest.raises(NotLeading):
        first.check()


def test_who_ends_makes_room_at_once(clock: Clock) -> None:
    first, second = Lead("first", clock), Lead("second", clock)
    first.acquire()
    first.release()
    assert second.acquire()


def test_the_reports_of_a_stale_ledger_change_nothing(clock: Clock) -> None:
    made = work({"x": {}})
    lease = made.begin("x")
    stale, other = Lead("stale", clock), Lead("other", clock)
    stale.acquire()
    ledger = LedLedger(Embedded(1), stale, clock=clock, steady=lambda: 0.0)
    answer = ledger.report(Report(Said.COMPLETE, made.run_id, lease.attempt, lease.epoch))
    clock.advance(SECONDS)
    other.acquire()
    ledger.turn()
    assert isinstance(answer.exception(0), NotLeading)
    assert made.status("x") == "in_progress"
    assert ledger.lost.is_set()
