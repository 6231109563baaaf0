"""F8: the clock of the machine is set while work is under way. Nobody is lost for it, and no lease lasts longer."""

import time

import pytest

from tests import servers
from tests.clocks import WallClock, compiler
from tests.conformance import LEASE_SECONDS
from tests.conformance.places import Place
from tests.conformance.test_faults import beating, field

pytestmark = [pytest.mark.services, pytest.mark.skipif(not compiler(), reason="the clock needs a C compiler")]

HOUR = 3_600


@pytest.mark.parametrize("seconds", [HOUR, -24 * HOUR], ids=["forward", "back"])
def test_nobody_is_lost_when_the_clock_is_set(place: Place, clock: WallClock, seconds: int) -> None:
    work, asked = field(place, 5), time.monotonic()
    with beating(work, 0.02) as told:
        silent = field(place, 2)
        clock.move(seconds)
        since = time.monotonic()
        servers.until(lambda: "lost" in [event["kind"] for event in silent.events()], "who is silent is lost")
        lost = time.monotonic()
        assert (lost - asked > LEASE_SECONDS, lost - since < 2 * LEASE_SECONDS) == (True, True), "as soon as ever"
        assert told == {200}
        assert "clean" in place.python("manage.py", "verify"), "and nobody has a longer lease for it"
    work.finish()
    assert "clock_step" in [event["kind"] for event in work.events()]
