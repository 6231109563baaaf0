import pytest

from runs import handover
from tests.runs.factories import Work, work
from todos.plan.inputs import MissingInput

pytestmark = pytest.mark.django_db


def finished(made: Work, key: str, result: object) -> None:
    made.do(key, result=result)


def test_inputs_are_results_of_this_run_or_the_parts_that_are_pointed_to() -> None:
    made, other = work({"a": {}, "b": {}}), work({"a": {}})
    finished(made, "a", {"files": ["x", "y"]})
    finished(made, "b", 7)
    finished(other, "a", "of another run")
    wanted = {"all": {"from": ["a", "b"]}, "one": {"from": "a", "pointer": "/files/1"}}
    assert handover.resolve(made.run_id, wanted) == {"all": {"a": {"files": ["x", "y"]}, "b": 7}, "one": "y"}


def test_a_result_of_nothing_is_a_result() -> None:
    made = work({"a": {}})
    finished(made, "a", None)
    assert handover.resolve(made.run_id, {"it": {"from": "a"}}) == {"it": None}


@pytest.mark.parametrize(
    ("key", "pointer"), [("b", ""), ("no-such", ""), ("a", "/x"), ("a", "/files/2"), ("a", "/files/-1")]
)
def test_what_is_not_there_is_said_to_be_missing(key: str, pointer: str) -> None:
    made = work({"a": {}, "b": {}})
    finished(made, "a", {"files": ["x", "y"]})
    with pytest.raises(MissingInput):
        handover.resolve(made.run_id, {"it": {"from": key, "pointer": pointer}})


def test_more_inputs_than_a_query_may_name_are_all_found() -> None:
    made = work({f"k{number}": {} for number in range(501)})
    made.run.subtasks.update(status="completed", result=1)
    found = handover.resolve(made.run_id, {"all": {"from": [f"k{number}" for number in range(501)]}})
    assert len(found["all"]) == 501
