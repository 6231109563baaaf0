"""How long a subtask is expected to take before it has run."""

from runs.engine.expected import UNKNOWN_SECONDS, seconds


def test_what_the_user_estimated_comes_first() -> None:
    assert seconds({"name": "simulate", "seconds": 5}, 2.5) == 2.5
    assert seconds({"name": "simulate", "seconds": 5}, 0.0) == 0.0


def test_simulated_work_says_itself_how_long_it_takes() -> None:
    assert seconds({"name": "simulate", "seconds": 5}, None) == 5.0
    assert seconds({"name": "simulate"}, None) == 0.0


def test_unknown_work_is_expected_to_take_half_a_minute() -> None:
    assert seconds(None, None) == seconds({"name": "shell", "command": "ls"}, None) == UNKNOWN_SECONDS == 30.0
