from todos.plan.parts import parts


def test_what_waits_for_nothing_is_independent() -> None:
    found = parts({"a": [], "b": [], "c": ["a"]}, [], {})
    assert (found.independent, found.sequential) == (["a", "b"], ["c"])
    assert found.parallelization_score == 2 / 3


def test_what_must_be_alone_is_sequential() -> None:
    assert parts({"a": [], "b": []}, ["b"], {}).sequential == ["b"]


def test_who_writes_what_others_use_is_sequential() -> None:
    claims = {"a": [("file", "x", True)], "b": [("file", "x", False)], "c": [("file", "y", False)]}
    found = parts({"a": [], "b": [], "c": []}, [], claims)
    assert (found.independent, found.shared) == (["c"], [("file", "x")])


def test_readers_share_without_waiting() -> None:
    found = parts({"a": [], "b": []}, [], {"a": [("file", "x", False)], "b": [("file", "x", False)]})
    assert (found.independent, found.shared) == (["a", "b"], [])


def test_a_resource_of_one_alone_is_not_shared() -> None:
    assert parts({"a": [], "b": []}, [], {"a": [("file", "x", True)]}).parallelization_score == 1


def test_nothing_has_a_score_of_zero() -> None:
    assert parts({}, [], {}).parallelization_score == 0
