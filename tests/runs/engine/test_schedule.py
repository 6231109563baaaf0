"""Which ready subtasks start now: examples, and what holds for every choice."""

from itertools import count, product, starmap
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from runs.engine.schedule import IN_PLACE_MOST, IN_PLACE_SECONDS, Open, Policy, Ready, choose, share_out

numbers = count(1)


def ready(**said: Any) -> Ready:
    number = next(numbers)
    plain: dict[str, Any] = {
        "id": number,
        "epoch": 0,
        "lane": "query",
        "alone": False,
        "priority": 3,
        "remaining_seconds": 30.0,
        "position": number,
        "timeout_seconds": 300.0,
        "expected_seconds": 30.0,
    }
    return Ready(**(plain | said))


def quick(**said: Any) -> Ready:
    return ready(**({"expected_seconds": 0.0} | said))


def policy(strategy: str = "parallel", agents: int = 4, **lanes: int) -> Policy:
    return Policy(strategy, agents, lanes)


NOTHING = Open()


# ---- examples ----


def test_a_higher_priority_comes_before_a_longer_path() -> None:
    low, high = ready(priority=2, remaining_seconds=900.0), ready(priority=1, remaining_seconds=1.0)
    assert choose([low, high], NOTHING, policy(agents=1)) == [high]


def test_of_one_priority_the_longest_remaining_path_comes_first() -> None:
    short, long = ready(remaining_seconds=1.0), ready(remaining_seconds=2.0)
    assert choose([short, long], NOTHING, policy(agents=1)) == [long]


def test_of_equal_paths_the_one_written_first_comes_first() -> None:
    first, second = ready(), ready()
    assert choose([second, first], NOTHING, policy()) == [first, second]


def test_agents_at_work_leave_fewer_seats() -> None:
    items = [ready() for _ in range(5)]
    assert choose(items, Open(query=2, execute=1), policy(agents=4)) == items[:1]
    assert choose(items, Open(query=3, execute=1), policy(agents=4)) == []
    assert choose(items, Open(query=9), policy(agents=4)) == []


def test_a_sequential_run_starts_one_whatever_its_agents() -> None:
    items = [ready(), ready()]
    assert choose(items, NOTHING, policy("sequential", agents=4)) == items[:1]
    assert choose(items, Open(execute=1), policy("sequential", agents=4)) == []


def test_a_full_lane_is_passed_over_for_the_other() -> None:
    reading, writing = ready(), ready(lane="execute", priority=5)
    assert choose([reading, writing], Open(query=1), policy(query=1)) == [writing]


def test_each_lane_keeps_to_its_own_limit() -> None:
    reading, writing = [ready() for _ in range(4)], [ready(lane="execute") for _ in range(4)]
    assert choose(reading + writing, NOTHING, policy(agents=8, query=2, execute=1)) == [*reading[:2], writing[0]]


def test_what_must_be_alone_waits_for_all_others_and_holds_back_what_follows() -> None:
    alone, after = ready(alone=True), ready()
    assert choose([alone, after], Open(query=1), policy()) == []
    assert choose([alone, after], NOTHING, policy()) == [alone]


def test_what_comes_before_one_that_must_be_alone_starts_without_it() -> None:
    before, alone, after = ready(), ready(alone=True), ready()
    assert choose([before, alone, after], NOTHING, policy()) == [before]


def test_nothing_starts_beside_one_that_must_be_alone() -> None:
    assert choose([ready()], Open(query=1, alone=1), policy()) == []


def test_hybrid_reads_everything_before_it_changes_anything() -> None:
    reading, writing = ready(priority=5), ready(lane="execute", priority=1)
    assert choose([reading, writing], NOTHING, policy("hybrid")) == [reading]
    assert choose([writing], Open(query=1), policy("hybrid")) == []


def test_hybrid_changes_one_thing_at_a_time_with_nothing_beside_it() -> None:
    writing = [ready(lane="execute"), ready(lane="execute")]
    assert choose(writing, NOTHING, policy("hybrid")) == writing[:1]
    assert choose([*writing, ready()], Open(execute=1), policy("hybrid")) == []


def test_hybrid_changes_beside_each_other_what_claims_keep_apart() -> None:
    writing = [ready(lane="execute", declared=True) for _ in range(3)]
    assert choose(writing, NOTHING, policy("hybrid", agents=4)) == writing
    assert choose(writing, Open(execute=1), policy("hybrid", agents=2)) == writing[:1]
    assert choose([*writing, ready()], Open(execute=1), policy("hybrid", agents=4)) == []


def test_hybrid_changes_nothing_beside_one_of_which_nobody_knows_what_it_claims() -> None:
    unknown, known = ready(lane="execute", priority=2), ready(lane="execute", declared=True)
    first = ready(lane="execute", declared=True, priority=1)
    assert choose([unknown, known], NOTHING, policy("hybrid")) == [unknown]
    assert choose([known], Open(execute=1, undeclared=1), policy("hybrid")) == []
    assert choose([first, unknown, known], NOTHING, policy("hybrid")) == [first]
    assert choose([unknown, known], Open(execute=1), policy("hybrid")) == []


def test_hybrid_reads_before_a_change_that_must_be_alone() -> None:
    reading, writing = ready(priority=5), ready(lane="execute", priority=1, alone=True)
    assert choose([reading, writing], NOTHING, policy("hybrid")) == [reading]
    assert choose([reading, writing], Open(query=1), policy("hybrid")) == [reading]


def test_hybrid_keeps_reading_beside_readers() -> None:
    reading = [ready(), ready()]
    assert choose(reading, Open(query=1), policy("hybrid", agents=3)) == reading


def test_quick_ones_follow_a_quick_one_in_its_seat() -> None:
    items = [quick() for _ in range(5)]
    assert share_out(items, items[:2]) == [[items[2], items[4]], [items[3]]]


def test_nothing_quick_waits_behind_something_slow() -> None:
    slow, fast = ready(priority=1), quick()
    assert share_out([slow, fast], [slow]) == [[]]


def test_nothing_slow_is_overtaken_by_something_quick() -> None:
    host, slow, fast = quick(priority=1), ready(priority=2), quick(priority=3)
    assert share_out([host, slow, fast], [host]) == [[]]


def test_a_share_ends_where_its_time_is_used_up() -> None:
    items = [quick(expected_seconds=0.03) for _ in range(5)]
    assert share_out(items, items[:1]) == [items[1:3]]


def test_a_share_has_a_largest_number() -> None:
    items = [quick() for _ in range(IN_PLACE_MOST + 5)]
    assert len(share_out(items, items[:1])[0]) == IN_PLACE_MOST


def test_a_share_stays_in_its_lane() -> None:
    host, other = quick(), quick(lane="execute")
    assert share_out([host, other], [host]) == [[]]


def test_changes_nobody_knows_the_claims_of_do_not_follow_one_beside_which_others_go_on() -> None:
    known, unknown = quick(lane="execute", declared=True), quick(lane="execute")
    assert share_out([known, unknown], [known]) == [[]]
    assert share_out([unknown, known], [unknown]) == [[known]]
    host, reading = quick(declared=True), quick()
    assert share_out([host, reading], [host]) == [[reading]]


def test_what_takes_a_tenth_of_a_second_claims_something_or_must_be_alone_is_not_quick() -> None:
    assert not quick(claiming=True).quick
    assert ready(expected_seconds=0.099).quick
    assert not ready(expected_seconds=IN_PLACE_SECONDS).quick
    assert not quick(alone=True).quick


# ---- what holds for every choice ----

KINDS = list(
    product(
        ["query", "execute"],
        [False, False, False, True],  # alone
        [1, 3],  # priority
        [1.0, 300.0],  # remaining
        [0.0, 0.04, 0.099, 0.1],  # expected
    )
)
POOL = [
    ready(lane=lane, alone=alone, priority=priority, remaining_seconds=remaining, expected_seconds=expected)
    for lane, alone, priority, remaining, expected in KINDS
]
lists = st.lists(st.sampled_from(POOL), max_size=10, unique=True)
POLICIES = [
    Policy(strategy, agents, {lane: limit for lane, limit in limits if limit})
    for strategy in ("parallel", "hybrid", "hybrid", "sequential")
    for agents in (1, 2, 5)
    for limits in product([("query", 0), ("query", 2)], [("execute", 0), ("execute", 1)])
]


def can_be(opened: Open, rules: Policy) -> bool:
    """Whether a run under these rules can come to have these attempts open."""
    fits = opened.total <= rules.agents and all(
        getattr(opened, lane) <= limit for lane, limit in rules.lane_limits.items()
    )
    mixed = rules.strategy == "hybrid" and (opened.execute > 1 or (opened.execute and opened.query))
    return fits and not mixed and (not opened.alone or opened.total == 1)


OPENINGS = [
    (opened, rules)
    for rules in POLICIES
    for opened in starmap(Open, product((0, 0, 1, 2), (0, 0, 1), (0, 1)))
    if can_be(opened, rules)
]
cases = st.sampled_from(OPENINGS)
few = settings(max_examples=60)


@few
@given(lists, cases)
def test_never_more_start_than_agents_are_free(waiting: list[Ready], at: tuple[Open, Policy]) -> None:
    opened, rules = at
    assert len(choose(waiting, opened, rules)) <= rules.agents - opened.total


@few
@given(lists, cases)
def test_no_lane_ever_exceeds_its_limit(waiting: list[Ready], at: tuple[Open, Policy]) -> None:
    opened, rules = at
    chosen = choose(waiting, opened, rules)
    for lane, limit in rules.lane_limits.items():
        assert getattr(opened, lane) + sum(item.lane == lane for item in chosen) <= limit


@few
@given(lists, cases)
def test_what_must_be_alone_is_alone(waiting: list[Ready], at: tuple[Open, Policy]) -> None:
    opened, rules = at
    chosen = choose(waiting, opened, rules)
    if opened.alone:
        assert chosen == []
    if any(item.alone for item in chosen):
        assert len(chosen) == 1
        assert opened.total == 0


@few
@given(lists, cases)
def test_hybrid_never_mixes_reading_and_changing(waiting: list[Ready], at: tuple[Open, Policy]) -> None:
    opened, rules = at
    if rules.strategy == "hybrid":
        chosen = choose(waiting, opened, rules)
        reading = opened.query + sum(item.lane == "query" for item in chosen)
        changing = opened.execute + sum(item.lane == "execute" for item in chosen)
        assert changing <= 1
        assert not (reading and changing)
        if changing > opened.execute:
            assert not [item for item in waiting if item.lane == "query"]


@few
@given(lists, cases)
def test_nothing_is_overtaken_but_for_its_lane(waiting: list[Ready], at: tuple[Open, Policy]) -> None:
    opened, rules = at
    chosen = choose(waiting, opened, rules)
    assert chosen == sorted(chosen, key=lambda item: item.rank)
    for item in waiting:
        if item not in chosen and any(item.rank < other.rank for other in chosen):
            limit = rules.lane_limits.get(item.lane, rules.agents)
            taken = getattr(opened, item.lane) + sum(other.lane == item.lane for other in chosen)
            assert taken >= limit or (rules.strategy == "hybrid" and item.lane == "execute")


@few
@given(lists.filter(bool), st.sampled_from(POLICIES))
def test_something_always_starts_when_nothing_is_open(waiting: list[Ready], rules: Policy) -> None:
    assert choose(waiting, NOTHING, rules)


@few
@given(lists, cases)
def test_shares_hold_only_what_is_quick_fits_and_comes_next(waiting: list[Ready], at: tuple[Open, Policy]) -> None:
    chosen = choose(waiting, *at)
    shares = share_out(waiting, chosen)
    assert len(shares) == len(chosen)
    for host, share in zip(chosen, shares):
        assert not share or host.quick
        assert all(item.quick and item.lane == host.lane for item in share)
        assert len(share) <= IN_PLACE_MOST
        assert sum(item.expected_seconds for item in [host, *share]) <= IN_PLACE_SECONDS + 1e-9 or not share
    left = sorted((item for item in waiting if item not in chosen), key=lambda item: item.rank)
    shared = sorted((item for share in shares for item in share), key=lambda item: item.rank)
    assert shared == left[: len(shared)]
