"""No deadlock: whatever subtasks claim, the real dispatcher brings every run to its end."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from runs.executors.base import Failed
from runs.models import Hold, Run
from tests.papers.playing import Theatre
from tests.runs.acting import register
from tests.runs.claims.test_claims_together import IDLE_AT_MOST, files, over_the_limit, shares
from tests.runs.factories import violations

memory = st.integers(1, 64).map(lambda amount: {"kind": "memory", "name": "memory", "amount": amount})
claimed = st.lists(
    st.one_of(files, files, shares, memory),
    min_size=1,
    max_size=4,
    unique_by=lambda claim: (claim["kind"], claim["name"]),
)
pools = st.lists(claimed, min_size=1, max_size=3)  # few, so that many claim the same


def subtasks(pool: list[list[dict[str, Any]]]) -> st.SearchStrategy[dict[str, Any]]:
    """Most of them say what they claim."""
    plain = {
        "priority": st.integers(1, 5),
        "parallelizable": st.sampled_from([True, True, True, False]),
        "lane": st.sampled_from(["query", "execute"]),
        "estimated_seconds": st.sampled_from([0.01, 0.01, 30]),
        "max_retries": st.integers(0, 1),
    }
    known = st.fixed_dictionaries(plain | {"claims": st.sampled_from(pool), "resources_known": st.just(True)})
    return st.one_of(known, known, known, st.fixed_dictionaries(plain))


lanes = st.fixed_dictionaries({lane: st.fixed_dictionaries({"concurrency": st.integers(1, 3)}) for lane in ("query",)})
wishes = st.fixed_dictionaries(
    {
        "strategy": st.sampled_from(["parallel", "hybrid", "sequential"]),
        "max_agents": st.integers(1, 5),
        "lanes": st.one_of(st.just({}), lanes),
    }
)
works = pools.flatmap(  # of several runs, which claim from one pool
    lambda pool: st.lists(st.tuples(st.lists(subtasks(pool), min_size=2, max_size=8), wishes), min_size=1, max_size=3)
)
EXAMPLES = 25


def outline(specs: list[dict[str, Any]], prefix: str) -> dict[str, Any]:
    """Each needs the one three before it."""
    keys = [f"{prefix}{at}" for at in range(len(specs))]
    return {key: spec | {"needs": keys[:at][-3:-2]} for at, (key, spec) in enumerate(zip(keys, specs))}


def end_one(theatre: Theatre, key: str, well: bool) -> None:
    """Ends what is under way there, and carries out what that is reported as."""
    theatre.puppet.finish(key, None if well else Failed("it went wrong"))
    theatre.ledger.turn()


class Dispatched(TestCase):
    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(
        works,
        st.integers(1, 6),
        st.lists(st.tuples(st.integers(0, 9), st.sampled_from([True, True, False])), min_size=1, max_size=20),
    )
    def test_every_run_ends_through_the_dispatcher(
        self, made_of: list[Any], workers: int, ends: list[tuple[int, bool]]
    ) -> None:
        theatre = Theatre(workers)
        with pytest.MonkeyPatch.context() as patched:
            register(patched, "puppet", theatre.puppet.run)
            try:
                for at, (specs, wish) in enumerate(made_of):
                    theatre.run(outline(specs, "abc"[at]), **wish)
                self.play_to_the_end(theatre, ends)
            finally:
                theatre.close()
        assert not Hold.objects.exists()
        assert violations(theatre.clock()) == []

    def play_to_the_end(self, theatre: Theatre, ends: list[tuple[int, bool]]) -> None:
        steps = idle = 0
        while True:
            busy = sorted(theatre.under_way())
            if not Run.objects.filter(status__in=["pending", "running"]).exists():
                return
            assert over_the_limit(theatre.seconds) == ""
            if busy:
                which, well = ends[steps % len(ends)]
                end_one(theatre, busy[which % len(busy)], well)
                steps, idle = steps + 1, 0
            else:
                theatre.pass_time(1)
                idle += 1
            assert idle < IDLE_AT_MOST, "nothing starts any more"
            assert violations(theatre.clock()) == []
