"""What follows an attempt that did not succeed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runs.engine.retry import FIRST_SECONDS, LONGEST_SECONDS, Decision, Next, back_off, decide


def after(used: int, retries: int = 2, **changed: bool) -> Next:
    said = {"retryable": True, "lost": False, "last_try": False} | changed
    return decide(attempts_used=used, max_retries=retries, chance=0.0, **said).next


def test_two_retries_are_followed_by_one_last_try_and_then_by_none() -> None:
    assert [after(used) for used in (1, 2, 3)] == [Next.AGAIN, Next.AGAIN, Next.LAST_TRY]
    assert after(4, last_try=True) is Next.GIVE_UP


def test_no_retries_mean_one_attempt_and_no_last_try() -> None:
    assert after(1, retries=0) is Next.GIVE_UP
    assert after(1, retries=0, lost=True) is Next.GIVE_UP


@pytest.mark.parametrize("used", [1, 2, 3, 4])
def test_what_cannot_be_retried_ends_at_once(used: int) -> None:
    assert after(used, retryable=False) is Next.GIVE_UP


@pytest.mark.parametrize("used", [1, 2, 3])
def test_a_lost_attempt_counts_but_its_next_try_waits_for_nothing(used: int) -> None:
    lost = decide(attempts_used=used, max_retries=2, retryable=True, lost=True, last_try=False, chance=1.0)
    assert lost == Decision(after(used), 0.0)


def test_a_lost_last_try_is_not_tried_again() -> None:
    assert after(4, lost=True, last_try=True) is Next.GIVE_UP


@pytest.mark.parametrize(("tries", "least", "most"), [(1, 0.5, 1), (2, 1, 2), (3, 2, 4), (6, 16, 32), (7, 30, 60)])
def test_the_wait_doubles_with_every_try_and_half_of_it_is_chance(tries: int, least: float, most: float) -> None:
    assert back_off(tries, 0.0) == least
    assert back_off(tries, 1.0) == most


@given(tries=st.integers(1, 100_000), chance=st.floats(0, 1))
def test_no_wait_is_shorter_than_half_a_second_or_longer_than_a_minute(tries: int, chance: float) -> None:
    assert FIRST_SECONDS / 2 <= back_off(tries, chance) <= LONGEST_SECONDS


@given(retries=st.integers(0, 20), lost=st.booleans(), chance=st.floats(0, 1))
def test_attempts_never_exceed_the_retries_and_one_last_try(retries: int, lost: bool, chance: float) -> None:
    used, last_try = 0, False
    while True:
        used += 1
        decision = decide(
            attempts_used=used, max_retries=retries, retryable=True, lost=lost, last_try=last_try, chance=chance
        )
        if decision.next is Next.GIVE_UP:
            break
        last_try = decision.next is Next.LAST_TRY
    assert used == (1 if retries == 0 else retries + 2)
