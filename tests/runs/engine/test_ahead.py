import pytest

from runs.engine.ahead import Coming, Rule, Task, ahead
from todos.plan.claims import DATABASE, Claim

LOCK = [Claim(DATABASE, "main")]


def task(key: str, seconds: float = 10.0, *needs: int, **more: object) -> Task:
    return Task(key, seconds, (3, -seconds, 0), needs, **more)  # type: ignore[arg-type]


def spans(found: list[Coming]) -> dict[str, tuple[int, float, float]]:
    return {one.key: (one.seat, one.start, one.end) for one in found}


def test_whoever_is_free_first_takes_what_comes_next() -> None:
    tasks = [task("a", 3, seat=7), task("b", 5, seat=8), task("c", 4), task("d", 2, 2)]
    assert spans(ahead(tasks, Rule([7, 8]))) == {"c": (7, 3, 7), "d": (8, 7, 9)}


def test_a_seat_that_is_free_now_is_taken_at_once() -> None:
    assert spans(ahead([task("a", 3, seat=7), task("b", 4)], Rule([7, 8]))) == {"b": (8, 0, 4)}


def test_those_that_claim_the_same_come_one_after_the_other() -> None:
    tasks = [task("a", 6, seat=7, claims=LOCK), task("b", 4, claims=LOCK), task("c", 3)]
    rule = Rule([7, 8, 9], capacity={DATABASE: 1})
    assert spans(ahead(tasks, rule)) == {"c": (8, 0, 3), "b": (9, 6, 10)}


def test_a_lane_takes_no_more_than_its_limit() -> None:
    tasks = [task("a", 5, lane="execute"), task("b", 4, lane="execute")]
    assert spans(ahead(tasks, Rule([1, 2], lanes={"execute": 1})))["b"][1] == 5


def test_under_hybrid_changes_come_after_what_only_reads() -> None:
    tasks = [task("write", 5, lane="execute"), task("read", 4)]
    assert spans(ahead(tasks, Rule([1, 2], hybrid=True)))["write"][1] == 4


def test_what_is_alone_has_nothing_beside_it() -> None:
    found = spans(ahead([task("a", 5, alone=True), task("b", 4)], Rule([1, 2])))
    assert found["a"][1] >= found["b"][2] or found["b"][1] >= found["a"][2]


@pytest.mark.parametrize(("over_in", "end"), [(None, 14), (23.0, 22), (1000.0, 24), (1.0, 9)])
def test_what_is_pending_is_stretched_to_when_all_is_expected_to_be_over(over_in: float | None, end: float) -> None:
    (b,) = ahead([task("a", 4, seat=1), task("b", 10)], Rule([1]), over_in)
    assert b.start == 4
    assert b.end == pytest.approx(4 + 10 * min(2, max(0.5, (over_in or 14) / 14)))
    assert b.end == pytest.approx(end, abs=2)


def test_more_under_way_than_there_are_seats_is_no_fault() -> None:
    found = ahead([task("a", 4, seat=1), task("b", 4, seat=2), task("c", 1)], Rule([1]))
    assert spans(found)["c"][1] == 4
