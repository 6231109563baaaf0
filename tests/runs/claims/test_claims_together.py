"""Many that claim much at a time: no two ever hold what only one may have, and every run ends."""

import os
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from runs import loop, sweep, transitions
from runs.leases import Lease
from runs.models import Attempt, Hold, Run, Subtask
from runs.reports import Report, Said
from tests.runs.factories import NOW, Clock, Work, agent, at_once, violations, work
from todos.plan.claims import overlap

NAMES = ["src/**", "src/a.py", "src/*.py", "docs", "docs/b.md", "**/*.md"]
files = st.builds(
    lambda name, mode: {"kind": "file", "name": name, "mode": mode},
    st.sampled_from(NAMES),
    st.sampled_from(["read", "write"]),
)
shares = st.builds(
    lambda kind, amount: {"kind": kind, "name": "main", "amount": amount},
    st.sampled_from(["database", "api"]),
    st.integers(1, 10),
)
claimed = st.lists(st.one_of(files, shares), max_size=4, unique_by=lambda claim: (claim["kind"], claim["name"]))


def subtasks(pool: list[list[dict[str, Any]]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {
            "resources_known": st.just(True),
            "claims": st.sampled_from(pool),
            "priority": st.integers(1, 5),
            "max_retries": st.integers(0, 1),
        }
    )


pools = st.lists(claimed, min_size=1, max_size=3)  # few, so that many claim the same
outlines = pools.flatmap(lambda pool: st.lists(subtasks(pool), min_size=1, max_size=8))
ends = st.sampled_from([Said.COMPLETE, Said.COMPLETE, Said.FAIL, Said.LOSE, Said.TIME_OUT, Said.CANCEL])

EXAMPLES = int(os.environ.get("CLAIMS_EXAMPLES") or 25)
CAPACITY, RATE = 10, 10  # as the settings have it
IDLE_AT_MOST = 120  # seconds in which nothing can start: back-offs, limiters, and one that has waited for too long


def outline(specs: list[dict[str, Any]], prefix: str) -> dict[str, Any]:
    """Each needs the one three before it."""
    keys = [f"{prefix}{at}" for at in range(len(specs))]
    return {key: spec | {"needs": keys[:at][-3:-2]} for at, (key, spec) in enumerate(zip(keys, specs))}


def in_line(made: Work) -> Iterator[str]:
    rows = Subtask.objects.filter(run=made.run_id, status="pending", unmet=0, not_before=None, waits_for="")
    yield from rows.order_by("priority", "position").values_list("key", flat=True)


def start_what_can(runs: list[Work]) -> None:
    """Until a round starts nobody: who has come forward meanwhile has been looked at too."""
    while sum([start_in_line(made) for made in runs]):
        pass


def start_in_line(made: Work) -> int:
    with made.entry() as entry:
        loop.run_pass(entry, None)
    if made.run.status != "running":
        return 0
    with made.entry() as entry:
        picks = [made.pick(key, f"agent-{at}") for at, key in enumerate(in_line(made))]
        return len(transitions.lease(entry, picks))


def in_the_way(one: Mapping[str, Any], held: Mapping[str, Any]) -> bool:
    files = one["kind"] == held["kind"] == "file"
    return files and "write" in (one["mode"], held["mode"]) and overlap(one["name"], held["name"])


def waiting_for_nothing() -> list[str]:
    """Those that stand outside the line though nothing is held that they claim, and they do not wait for a time."""
    held = list(Hold.objects.values("kind", "name", "mode", "amount"))
    used = sum(hold["amount"] for hold in held if hold["kind"] == "database")
    timed = set(Subtask.objects.exclude(waits_until=None).values_list("claims_group", flat=True))
    found = []
    for subtask in Subtask.objects.exclude(waits_for="").exclude(claims_group__in=timed):
        shares = sum(claim["amount"] for claim in subtask.claims or [] if claim["kind"] == "database")
        blocked = shares and shares + used > CAPACITY
        if not blocked and not any(in_the_way(claim, hold) for claim in subtask.claims or [] for hold in held):
            found.append(f"{subtask.key} for {subtask.waits_key}")
    return found


def over_the_limit(seconds: float) -> str:
    """No more is held than there is, and no more calls were made than the bucket has had."""
    shares = Hold.objects.filter(kind="database").values_list("amount", flat=True)
    given = Attempt.objects.values_list("subtask__claims", flat=True)
    calls = sum(claim["amount"] for claims in given for claim in claims or [] if claim["kind"] == "api")
    return f"{sum(shares)} shares, {calls} calls" if sum(shares) > CAPACITY or calls > RATE * (seconds + 1) else ""


def end_one(made: Work, said: Said) -> None:
    attempt = Attempt.objects.filter(run=made.run_id, status__in=["leased", "running"]).order_by("pk").first()
    assert attempt is not None
    with made.entry() as entry:
        transitions.apply(entry, [Report(said, made.run_id, attempt.pk, attempt.epoch)], 0.0)
        loop.run_pass(entry, None)


class Together(TestCase):
    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.lists(outlines, min_size=1, max_size=3), st.lists(ends, min_size=1, max_size=20))
    def test_every_run_ends_whatever_is_claimed_and_however_attempts_end(
        self, made_of: list[list[dict[str, Any]]], said: list[Said]
    ) -> None:
        clock = Clock()
        runs = [work(outline(specs, "abc"[at])) for at, specs in enumerate(made_of)]
        for made in runs:
            made.clock = clock
        steps, idle = 0, 0
        while Run.objects.filter(status__in=["pending", "running"]).exists():
            start_what_can(runs)
            assert waiting_for_nothing() == []
            assert over_the_limit((clock() - NOW).total_seconds()) == ""
            busy = [made for made in runs if made.run.in_progress]
            if busy:
                end_one(busy[steps % len(busy)], said[steps % len(said)])
                steps, idle = steps + 1, 0
            else:
                clock.advance(1)
                idle += 1
            assert idle < IDLE_AT_MOST, "nothing starts any more"
            assert violations(clock()) == []
        assert not Hold.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_two_connections_that_want_overlapping_files_one_gets_them() -> None:
    for number in (1, 2, 3):
        agent(f"agent-{number}")
    for _ in range(8):
        names = ("src/**", "src/app.py", "**/app.py")
        runs = [work({"x": {"resources_known": True, "claims": [{"kind": "file", "name": name}]}}) for name in names]

        def take(made: Work, who: str) -> int:
            pick = made.pick("x", who)
            with made.entry() as entry:
                return len(transitions.lease(entry, [pick]))

        given = at_once(*(partial(take, made, f"agent-{at}") for at, made in enumerate(runs, start=1)))
        assert sorted(given) == [0, 0, 1]
        assert sum(made.run.held_back for made in runs) == 2
        assert violations(NOW) == []
        for _ in runs:
            end_one(next(made for made in runs if made.run.in_progress), Said.COMPLETE)
            if not (waiting := [made for made in runs if made.run.pending]):
                break
            at_once(*(partial(take, made, f"agent-{at}") for at, made in enumerate(waiting, start=1)))
            assert Hold.objects.count() == 1
        assert violations(NOW) == []


@pytest.mark.django_db(transaction=True)
def test_an_end_and_a_wish_for_what_it_gives_back_never_leave_anybody_waiting_for_nothing() -> None:
    for number in (1, 2):
        agent(f"agent-{number}")
    for _ in range(12):
        claim = {"resources_known": True, "claims": [{"kind": "file", "name": "src/**"}]}
        one, two = work({"x": claim}), work({"y": claim})
        lease = one.lease("x")

        def end(one: Work = one, lease: Lease = lease) -> int:
            one.say(Said.COMPLETE, lease)
            return 0

        def want(two: Work = two) -> int:
            pick = two.pick("y", "agent-2")
            with two.entry() as entry:
                return len(transitions.lease(entry, [pick]))

        at_once(end, want)
        assert two.subtask("y").waits_for == ""
        if two.run.pending:
            assert want() == 1
        assert violations(NOW) == []
        end_one(two, Said.COMPLETE)


@pytest.mark.django_db
def test_one_that_waits_for_its_time_is_found_by_the_sweep() -> None:
    claim = {"resources_known": True, "claims": [{"kind": "api", "name": "forge", "amount": 10}]}
    made = work({"a": claim, "b": claim})
    with made.entry() as entry:
        loop.run_pass(entry, None)
        transitions.lease(entry, [made.pick("a"), made.pick("b", "agent-2")])
    assert sweep.runs_to_visit(NOW) == []
    assert sweep.runs_to_visit(made.clock.advance(1)) == [made.run_id]
