"""How long a subtask is expected to take before it has run."""

from runs.engine.expected import seconds, told


def test_what_the_user_estimated_comes_first() -> None:
    assert told({"name": "simulate", "seconds": 5}, 2.5) == 2.5
    assert told({"name": "simulate", "seconds": 5}, 0.0) == 0.0


def test_simulated_work_says_itself_how_long_it_takes() -> None:
    assert told({"name": "simulate", "seconds": 5}, None) == 5.0
    assert told({"name": "simulate"}, None) == 0.0


def test_other_work_tells_nothing_and_takes_what_unknown_work_does() -> None:
    for executor in (None, {"name": "shell", "command": "ls", "seconds": 5}):
        assert told(executor, None) is None
        assert seconds(executor, None, 7.0) == 7.0


def test_work_of_no_time_is_not_unknown() -> None:
    assert seconds({"name": "simulate"}, None, 7.0) == 0.0


def test_what_a_person_is_asked_is_nobodys_work_however_long_it_may_take() -> None:
    assert seconds({"name": "approval", "question": "Ship it?"}, None, 7.0) == 0.0
    assert seconds({"name": "approval", "question": "Ship it?"}, 600.0, 7.0) == 0.0
