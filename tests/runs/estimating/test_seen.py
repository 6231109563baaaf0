"""What is seen of a run, for the estimate of its end."""

import pytest

from runs.engine.estimate import Turn
from runs.estimating import seen
from runs.estimating.seen import Nothing
from runs.reports import Said
from tests.runs.factories import Work, work

pytestmark = pytest.mark.django_db

FILE = {"resources_known": True, "claims": [{"kind": "file", "name": "x.py"}]}
HALF = {"resources_known": True, "claims": [{"kind": "database", "name": "main", "amount": 5}]}


def turns(made: Work) -> list[Turn]:
    state = seen.state(made.run_id, made.now, [])
    assert not isinstance(state, Nothing)
    return list(state.turns)


def test_what_is_left_and_claims_the_same_takes_turns() -> None:
    made = work({"a": FILE, "b": FILE, "c": FILE, "d": {}})
    made.do("a")
    assert turns(made) == [Turn(2, {1: 2, 2: 2})]


def test_of_a_share_as_many_go_on_at_once_as_it_has_room_for() -> None:
    made = work({"a": HALF, "b": HALF, "c": HALF})
    assert turns(made) == [Turn(10, {0: 5, 1: 5, 2: 5})]


def test_where_very_many_claim_something_that_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    made = work({"a": FILE, "b": FILE, "c": FILE})
    monkeypatch.setattr(seen, "MOST_CLAIMING", 2)
    assert turns(made) == []


def test_of_another_try_only_its_own_time_has_passed() -> None:
    made = work({"a": {}, "b": {}})
    lease = made.begin("a")
    made.clock.advance(40)
    made.say(Said.LOSE, lease)
    made.begin("a", "agent-2")
    made.clock.advance(3)
    state = seen.state(made.run_id, made.now, [])
    assert not isinstance(state, Nothing)
    assert state.running == {0: 3.0}
