"""Of several processes on one database one leads; what another still wants to write is refused."""

from datetime import datetime

import pytest
from django.conf import settings

from runs.backends.embedded import Embedded
from runs.orchestrating.leading import Lead, LedLedger, NotLeading
from runs.reports import Report, Said
from tests.runs.factories import Clock, work

SECONDS = settings.LEAD_SECONDS

pytestmark = pytest.mark.django_db


class Clocks:
    """That of the wall, which may be set, and the steady one."""

    def __init__(self) -> None:
        self.wall, self.seconds = Clock(), 0.0

    def advance(self, seconds: float) -> None:
        self.wall.advance(seconds)
        self.seconds += seconds

    def lead(self, holder: str) -> Lead:
        return Lead(holder, self.wall, lambda: self.seconds)

    def looks(self, lead: Lead, seconds: float) -> bool:
        """Whether it takes over within this time, looking each second as processes do."""
        for _ in range(int(seconds)):
            self.advance(1)
            if lead.acquire():
                return True
        return False


@pytest.fixture
def clock() -> Clocks:
    return Clocks()


def test_one_of_two_leads(clock: Clocks) -> None:
    first, second = clock.lead("first"), clock.lead("second")
    assert (first.acquire(), second.acquire()) == (True, False)
    assert first.renew()
    first.check()


def test_who_renews_stays(clock: Clocks) -> None:
    first, second = clock.lead("first"), clock.lead("second")
    first.acquire()
    clock.advance(SECONDS - 1)
    assert first.renew()
    clock.advance(SECONDS - 1)
    assert not second.acquire()


def test_another_takes_over_after_silence_and_the_first_is_refused(clock: Clocks) -> None:
    first, second = clock.lead("first"), clock.lead("second")
    first.acquire()
    clock.advance(SECONDS)
    assert second.acquire()
    assert second.term == first.term + 1
    assert not first.renew()
    with pytest.raises(NotLeading):
        first.check()


def test_who_comes_back_after_another_must_not_write_under_the_old_epoch(clock: Clocks) -> None:
    first, second = clock.lead("first"), clock.lead("second")
    first.acquire()
    old = first.term
    clock.advance(SECONDS)
    second.acquire()
    clock.advance(SECONDS)
    assert clock.looks(first, 5)
    first.check()
    first.term = old
    with pytest.raises(NotLeading):
        first.check()


def test_who_ends_makes_room_at_once(clock: Clocks) -> None:
    first, second = clock.lead("first"), clock.lead("second")
    first.acquire()
    first.release()
    assert second.acquire()


def test_the_reports_of_a_stale_ledger_change_nothing(clock: Clocks) -> None:
    made = work({"x": {}})
    lease = made.begin("x")
    stale, other = clock.lead("stale"), clock.lead("other")
    stale.acquire()
    ledger = LedLedger(Embedded(1), stale, clock=clock.wall, steady=lambda: 0.0)
    answer = ledger.report(Report(Said.COMPLETE, made.run_id, lease.attempt, lease.epoch))
    clock.advance(SECONDS)
    other.acquire()
    ledger.turn()
    assert isinstance(answer.exception(0), NotLeading)
    assert made.status("x") == "in_progress"
    assert ledger.lost.is_set()


def test_of_two_that_find_the_place_free_at_the_same_moment_one_takes_it(clock: Clocks) -> None:
    first, taken = clock.lead("first"), list[bool]()

    def while_the_other_takes_it() -> datetime:
        """The second time it is asked is between looking and taking."""
        looked.append(clock.wall())
        if len(looked) == 2:
            taken.append(first.acquire())
        return looked[-1]

    looked: list[datetime] = []
    assert not Lead("second", while_the_other_takes_it, lambda: clock.seconds).acquire()
    assert taken == [True]


# ---- clocks that are set ----


def renews_each_second(clock: Clocks, first: Lead, second: Lead, seconds: int) -> bool:
    """Whether the second ever takes over."""
    for _ in range(seconds):
        clock.advance(1)
        if second.acquire():
            return True
        assert first.renew()
    return False


@pytest.mark.parametrize("moved", [3600, -3600], ids=["forward", "back"])
def test_nobody_takes_over_because_the_clock_was_set(clock: Clocks, moved: float) -> None:
    first, second = clock.lead("first"), clock.lead("second")
    first.acquire()
    assert not renews_each_second(clock, first, second, 3)
    clock.wall.advance(moved)
    assert not renews_each_second(clock, first, second, 30)


def test_who_dies_before_the_clock_is_set_back_is_not_waited_for(clock: Clocks) -> None:
    first, second = clock.lead("first"), clock.lead("second")
    first.acquire()
    assert not renews_each_second(clock, first, second, 3)
    clock.wall.advance(-3600)
    assert not clock.looks(second, SECONDS - 1)
    assert clock.looks(second, 3)


def test_who_was_away_as_long_as_the_leader_does_not_take_over_at_once(clock: Clocks) -> None:
    first, second = clock.lead("first"), clock.lead("second")
    first.acquire()
    assert not renews_each_second(clock, first, second, 3)
    assert not second.acquire()
    clock.advance(300)
    assert not second.acquire()
    assert first.renew()
    assert not renews_each_second(clock, first, second, 30)
