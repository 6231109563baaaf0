"""What keeps a subtask from its claims: files, capacities, limiters, and those who have waited for too long."""

from typing import Any

import pytest

from runs.engine.claiming import LOOK_AGAIN_SECONDS, Book, Bucket, Hold, Seeker, refilled
from runs.engine.states import Wait
from todos.plan.claims import Claim

MAIN = ("database", "main")


def file(name: str, mode: str = "write") -> Claim:
    return Claim("file", name, mode)


def connections(amount: int) -> Claim:
    return Claim(*MAIN, "write", amount)


def calls(amount: int = 1) -> Claim:
    return Claim("api", "forge", "write", amount)


def seeker(number: int, *claims: Claim, priority: int = 3) -> Seeker:
    return Seeker(number, (priority, 0.0, number, number), claims)


def book(*holds: Hold, **more: Any) -> Book:
    plain: dict[str, Any] = {"capacities": {MAIN: 10}, "buckets": {"forge": Bucket(10.0, 10.0)}}
    return Book(holds=list(holds), **(plain | more))


# ---- files and capacities ----


def test_a_file_that_is_held_is_waited_for_by_the_attempt_that_holds_it() -> None:
    found = book(Hold(7, 1, file("src/**"))).obstacle(seeker(2, file("docs/a.md"), file("src/app.py")))
    assert found is not None
    assert (found.wait, found.key, found.claim) == (Wait.RESOURCE, "attempt/7", file("src/app.py"))


@pytest.mark.parametrize(("held", "wanted"), [("read", "read"), ("read", "none"), ("write", "none")])
def test_readers_share_and_strangers_do_not_meet(held: str, wanted: str) -> None:
    claim = file("src/app.py", "read") if wanted == "read" else file("docs/**")
    assert book(Hold(7, 1, file("src/**", held))).obstacle(seeker(2, claim)) is None


def test_amounts_add_up_to_the_capacity_and_no_further() -> None:
    there = book(Hold(7, 1, connections(4)), Hold(8, 2, connections(3)))
    assert there.obstacle(seeker(3, connections(3))) is None
    found = there.obstacle(seeker(3, connections(4)))
    assert found is not None
    assert (found.key, found.too_large) == ("database/main", False)


def test_a_claim_above_the_capacity_can_never_be_had() -> None:
    found = book().obstacle(seeker(3, connections(11)))
    assert found is not None
    assert found.too_large


def test_all_claims_are_taken_or_none() -> None:
    there = book(Hold(7, 1, file("src/**")))
    assert there.obstacle(seeker(2, connections(10), calls(10), file("src/a"))) is not None
    assert there.obstacle(seeker(3, connections(10), calls(10))) is None


def test_what_one_takes_the_next_finds_taken() -> None:
    there = book()
    first, second = seeker(1, file("a"), connections(6)), seeker(2, file("a"))
    there.take(first)
    found = there.obstacle(second)
    assert found is not None
    assert found.behind == 1
    assert there.obstacle(seeker(3, connections(5))) is not None
    assert there.obstacle(seeker(3, connections(4))) is None


# ---- limiters ----


def test_a_bucket_holds_a_second_of_calls_and_refills() -> None:
    assert refilled(0.0, 10.0, 0.5) == 5.0
    assert refilled(8.0, 10.0, 5.0) == 10.0
    assert refilled(0.0, 0.5, 60.0) == 1.0
    assert refilled(3.0, 10.0, -5.0) == 3.0


def test_calls_wait_for_a_time_that_is_known() -> None:
    there = book()
    there.take(seeker(1, calls(8)))
    assert there.obstacle(seeker(2, calls(2))) is None
    found = there.obstacle(seeker(3, calls(5)))
    assert found is not None
    assert (found.wait, found.key) == (Wait.RATE_LIMIT, "api/forge")
    assert found.seconds == pytest.approx(0.3)


def test_those_that_wait_for_calls_have_times_one_after_the_other_by_rank() -> None:
    there = book(buckets={"forge": Bucket(10.0, 0.0)})
    asked = [seeker(1, calls()), seeker(2, calls()), seeker(3, calls(), priority=1)]
    waits = [found.seconds for each in asked if (found := there.obstacle(each))]
    assert waits == [pytest.approx(0.1), pytest.approx(0.2), pytest.approx(0.1)]


def test_who_ranks_lower_does_not_take_the_calls_somebody_waits_for() -> None:
    there = book(buckets={"forge": Bucket(10.0, 2.0)})
    assert there.obstacle(seeker(1, calls(5))) is not None
    assert there.obstacle(seeker(2, calls(1))) is not None
    assert there.obstacle(seeker(3, calls(1), priority=1)) is None


def test_more_calls_than_a_bucket_holds_take_all_of_it_and_leave_a_debt() -> None:
    there = book()
    large = seeker(1, calls(25))
    assert there.obstacle(large) is None
    there.take(large)
    found = there.obstacle(seeker(2, calls()))
    assert found is not None
    assert found.seconds == pytest.approx(1.6)


# ---- who has waited for too long ----


def test_who_has_waited_for_too_long_goes_before_those_that_rank_below() -> None:
    starved = seeker(5, file("src/**"), connections(8))
    there = book(Hold(7, 1, connections(2)), starving=[starved])
    for other in (seeker(6, file("src/a", "read")), seeker(6, connections(1))):
        found = there.obstacle(other)
        assert found is not None
        assert (found.wait, found.key, found.seconds) == (Wait.RESOURCE, "subtask/5", LOOK_AGAIN_SECONDS)
    assert there.obstacle(seeker(6, file("docs/**"))) is None
    assert there.obstacle(seeker(6, file("src/a"), priority=1)) is None
    assert there.obstacle(starved) is None


def test_those_who_have_waited_for_too_long_do_not_wait_for_each_other_in_a_circle() -> None:
    one, two = seeker(1, file("a"), file("b")), seeker(2, file("b"), file("a"))
    there = book(starving=[one, two])
    assert there.obstacle(one) is None
    assert there.obstacle(two) is not None
