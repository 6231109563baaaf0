"""Claims are taken with the lease, all or none, and given back with the end of the attempt, whatever the end."""

from typing import Any

import pytest

from runs import loop, transitions
from runs.leases import Lease
from runs.models import Hold, Resource, Subtask
from runs.reports import Said
from tests.runs.factories import Work, dump, violations, work

pytestmark = pytest.mark.django_db


def file(name: str, mode: str = "write") -> dict[str, Any]:
    return {"kind": "file", "name": name, "mode": mode}


def claims(*made: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"resources_known": True, "claims": made, **more}


def of(kind: str, name: str, amount: int) -> dict[str, Any]:
    return {"kind": kind, "name": name, "amount": amount}


SRC = claims(file("src/**"))


def wants(made: Work, *keys: str) -> list[str]:
    """Asks for leases of these in one go; says which were given."""
    with made.entry() as entry:
        leases = transitions.lease(entry, [made.pick(key, f"agent-{key}") for key in keys])
    return [lease.key for lease in leases]


def look(made: Work) -> None:
    with made.entry() as entry:
        loop.run_pass(entry, None)


def waits(made: Work, key: str) -> tuple[str, str]:
    row = made.subtask(key)
    return row.waits_for, row.waits_key


def seconds_to_wait(made: Work, key: str) -> float:
    until = made.subtask(key).waits_until
    assert until is not None
    return (until - made.now).total_seconds()


# ---- taking ----


def test_a_lease_takes_all_claims_and_others_wait_for_its_attempt() -> None:
    made = work({"a": claims(file("src/**"), of("database", "main", 3)), "b": claims(file("src/app.py"))})
    assert wants(made, "a", "b") == ["a"]
    assert set(Hold.objects.values_list("kind", "name", "amount")) == {("file", "src/**", 1), ("database", "main", 3)}
    assert waits(made, "b") == ("resource", f"attempt/{made.attempt('a').pk}")
    assert made.subtask("b").waits_claim == file("src/app.py") | {"amount": 1}
    assert (made.run.held_back, made.run.pending, made.run.claiming) == (1, 1, 2)
    assert violations(made.now) == []


def test_what_waits_is_not_leased_whoever_asks() -> None:
    made = work({"a": SRC, "b": SRC})
    wants(made, "a", "b")
    rows = dump()
    assert wants(made, "b") == []
    assert dump() == rows


def test_readers_share_what_a_writer_has_alone() -> None:
    made = work({key: claims(file("src/**", "read")) for key in "abc"} | {"w": SRC})
    assert wants(made, "a", "b", "w", "c") == ["a", "b", "c"]
    assert waits(made, "w") == ("resource", f"attempt/{made.attempt('a').pk}")


def test_claims_hold_across_runs() -> None:
    one, two = work({"a": SRC}), work({"b": SRC})
    assert wants(one, "a") == ["a"]
    assert wants(two, "b") == []
    one.say(Said.COMPLETE, transitions_lease(one, "a"))
    assert waits(two, "b") == ("", "")
    assert two.run.held_back == 0
    assert wants(two, "b") == ["b"]
    assert violations(one.now) == []


def transitions_lease(made: Work, key: str) -> Any:
    """The lease of the attempt under way."""
    attempt = made.attempt(key)
    return Lease(attempt.pk, attempt.epoch, made.pick(key), key, "", None, None, 0, 0)


def test_a_capacity_is_waited_for_until_anybody_gives_something_back() -> None:
    made = work({key: claims(of("database", "main", 5)) for key in "abc"})
    assert wants(made, "a", "b", "c") == ["a", "b"]
    assert waits(made, "c") == ("resource", "database/main")
    made.say(Said.COMPLETE, transitions_lease(made, "b"))
    assert wants(made, "c") == ["c"]


def test_a_claim_above_a_capacity_that_was_lowered_fails_with_the_reason() -> None:
    made = work({"a": claims(of("database", "main", 5)), "b": {"needs": ["a"]}})
    Resource.objects.create(kind="database", name="main", capacity=4)
    assert wants(made, "a") == []
    assert (made.status("a"), made.status("b")) == ("failed", "skipped")
    assert made.subtask("a").error == "it claims 5 connections of main, more than there are"
    assert violations(made.now) == []


def test_who_loses_its_lease_leaves_what_it_claims_to_others() -> None:
    made = work({"a": claims(of("api", "forge", 10), file("x")), "b": claims(of("api", "forge", 10), file("y"))})
    pick = made.pick("a")
    pick.epoch = 7
    with made.entry() as entry:
        assert transitions.lease(entry, [pick]) == []
    assert Hold.objects.count() == 0
    assert wants(made, "b") == ["b"]


# ---- giving back, whatever the end ----

ENDS = {
    Said.COMPLETE: {},
    Said.FAIL: {"retryable": False},
    Said.TIME_OUT: {},
    Said.LOSE: {},
    Said.RELEASE: {},
    Said.CANCEL: {},
}


@pytest.mark.parametrize("retries", [0, 2])
@pytest.mark.parametrize("said", ENDS)
def test_every_end_of_an_attempt_gives_back_what_it_held(said: Said, retries: int) -> None:
    made = work({"a": SRC | {"max_retries": retries}, "b": SRC, "c": SRC})
    wants(made, "a", "b", "c")
    assert made.run.held_back == 2
    made.say(said, transitions_lease(made, "a"), **ENDS[said])
    assert (Hold.objects.count(), made.run.held_back) == (0, 1)
    assert (waits(made, "b"), waits(made, "c")) == (("", ""), ("resource", "twin"))
    assert wants(made, "b") == ["b"]
    assert violations(made.now) == []


def test_a_cancelled_run_leaves_nothing_held_and_nobody_waiting() -> None:
    made, other = work({"a": SRC, "b": SRC}), work({"x": SRC})
    wants(made, "a", "b")
    wants(other, "x")
    with made.entry() as entry:
        transitions.request_cancel(entry)
    assert (made.status("b"), made.run.held_back) == ("cancelled", 0)
    made.say(Said.CANCEL, transitions_lease(made, "a"))
    look(made)
    assert (made.run.status, Hold.objects.count()) == ("cancelled", 0)
    assert wants(other, "x") == ["x"]
    assert violations(made.now) == []


def test_one_that_waits_can_be_cancelled() -> None:
    made = work({"a": SRC, "b": SRC, "c": claims(of("api", "forge", 9)), "d": claims(of("api", "forge", 9))})
    wants(made, "a", "b", "c", "d")
    assert (made.run.held_back, made.run.rate_limited) == (1, 1)
    for key in "bd":
        with made.entry() as entry:
            assert transitions.cancel_one(entry, made.subtask(key).pk, "it was cancelled")
    assert (made.run.held_back, made.run.rate_limited, made.run.cancelled) == (0, 0, 2)
    assert violations(made.now) == []


# ---- those that claim the same ----


def twins(made: Work) -> list[str]:
    return list(Subtask.objects.filter(run=made.run_id, waits_key="twin").values_list("key", flat=True))


def test_of_those_that_claim_the_same_only_the_first_is_looked_at() -> None:
    made = work(dict.fromkeys("abcde", SRC))
    assert wants(made, "a", "c") == ["a"]
    assert (waits(made, "c"), waits(made, "b")) == (("resource", f"attempt/{made.attempt('a').pk}"), ("", ""))
    assert (twins(made), made.run.held_back) == (["d", "e"], 3)
    assert wants(made, "b") == []
    assert violations(made.now) == []
    made.say(Said.COMPLETE, transitions_lease(made, "a"))
    assert (twins(made), made.run.held_back) == (["d", "e"], 2)
    assert wants(made, "b", "c") == ["b"]
    assert waits(made, "c") == ("resource", f"attempt/{made.attempt('b').pk}")
    assert (twins(made), made.run.held_back) == (["d", "e"], 3)
    assert violations(made.now) == []


def test_those_that_can_share_what_they_claim_come_forward_together() -> None:
    made = work({"w": SRC} | {key: claims(file("src/a", "read")) for key in "abcde"}, max_agents=3)
    wants(made, "w", "a")
    assert twins(made) == ["b", "c", "d", "e"]
    made.say(Said.COMPLETE, transitions_lease(made, "w"))
    assert wants(made, "a") == ["a"]
    assert twins(made) == ["d", "e"]
    assert wants(made, "b", "c") == ["b", "c"]
    assert violations(made.now) == []


def test_when_the_first_is_cancelled_the_next_takes_its_place() -> None:
    made = work(dict.fromkeys("abcd", SRC), max_agents=1)
    wants(made, "a", "b")
    for key, left in (("b", ["d"]), ("d", [])):
        with made.entry() as entry:
            assert transitions.cancel_one(entry, made.subtask(key).pk, "it was cancelled")
        assert twins(made) == left
        assert violations(made.now) == []
        assert wants(made, "c") == []
    assert made.run.held_back == 1


def test_when_the_first_can_never_start_neither_can_the_next() -> None:
    made = work({key: claims(of("database", "main", 6)) for key in "abcd"})
    wants(made, "a", "b")
    Resource.objects.create(kind="database", name="main", capacity=5)
    made.say(Said.COMPLETE, transitions_lease(made, "a"))
    for key in "bcd":
        assert wants(made, key) == []
    assert [made.status(key) for key in "bcd"] == ["failed"] * 3
    assert (made.run.held_back, violations(made.now)) == (0, [])


def test_a_lane_does_not_wait_for_the_other() -> None:
    made = work({"a": SRC, "b": SRC, "c": SRC | {"lane": "execute"}, "d": SRC})
    wants(made, "a", "b", "c")
    assert waits(made, "b") == waits(made, "c") == ("resource", f"attempt/{made.attempt('a').pk}")
    assert waits(made, "d") == ("resource", "twin")


def test_runs_do_not_stand_behind_each_other() -> None:
    one, two = work({"a": SRC, "b": SRC}), work({"x": SRC, "y": SRC})
    wants(one, "a", "b")
    wants(two, "x")
    assert waits(one, "b") == waits(two, "x")
    one.say(Said.COMPLETE, transitions_lease(one, "a"))
    assert wants(two, "x") == ["x"]


# ---- limiters ----


def test_calls_above_the_rate_wait_for_their_time_and_come_back_at_it() -> None:
    made = work({f"s{at}": claims(of("api", "forge", 4)) for at in range(4)})
    look(made)
    assert wants(made, "s0", "s1", "s2", "s3") == ["s0", "s1"]
    assert waits(made, "s2") == ("rate_limit", "api/forge")
    assert seconds_to_wait(made, "s2") == pytest.approx(0.2)
    assert waits(made, "s3") == ("rate_limit", "twin")
    made.clock.advance(0.19)
    look(made)
    assert wants(made, "s2") == []
    made.clock.advance(0.02)
    look(made)
    assert waits(made, "s2") == ("", "")
    assert wants(made, "s2") == ["s2"]
    assert wants(made, "s3") == []
    assert seconds_to_wait(made, "s3") == pytest.approx(0.39)
    assert made.run.rate_limited == 1
    assert violations(made.now) == []


def test_two_runs_share_one_limiter() -> None:
    one, two = work({"a": claims(of("api", "forge", 6))}), work({"b": claims(of("api", "forge", 6))})
    assert wants(one, "a") == ["a"]
    assert wants(two, "b") == []
    two.clock.advance(0.2)
    look(two)
    assert wants(two, "b") == ["b"]
    assert Resource.objects.get(name="forge").tokens == pytest.approx(0.0)


def test_calls_are_not_held_and_ends_give_none_back() -> None:
    made = work({"a": claims(of("api", "forge", 10)), "b": claims(of("api", "forge", 1))})
    wants(made, "a")
    made.say(Said.COMPLETE, transitions_lease(made, "a"))
    assert Hold.objects.count() == 0
    assert wants(made, "b") == []


# ---- who has waited for too long ----


def test_who_has_waited_for_a_minute_goes_before_those_that_rank_below() -> None:
    made = work({"r1": claims(file("src/a", "read")), "w": SRC, "r2": claims(file("src/b", "read"))})
    look(made)
    wants(made, "r1", "w")
    made.clock.advance(61)
    assert wants(made, "r2") == []
    assert waits(made, "r2") == ("resource", f"subtask/{made.subtask('w').pk}")
    made.say(Said.COMPLETE, transitions_lease(made, "r1"))
    assert wants(made, "w") == ["w"]
    made.clock.advance(2)
    look(made)
    assert wants(made, "r2") == []
    assert waits(made, "r2") == ("resource", f"attempt/{made.attempt('w').pk}")
    assert violations(made.now) == []


def test_who_cannot_start_anyway_keeps_nothing_free() -> None:
    made, other = work({"r1": claims(file("src/a", "read")), "w": SRC}), work({"r2": claims(file("src/b", "read"))})
    look(made)
    wants(made, "r1", "w")
    for each in (made, other):
        each.clock.advance(61)
    with made.entry() as entry:
        transitions.move(entry, "pause")
    assert wants(other, "r2") == ["r2"]
