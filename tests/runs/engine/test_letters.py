import base64
import itertools

import pytest

from runs.engine import letters
from runs.engine.letters import ATTENTION, RUN_ENDED, SUBTASK_FAILED, Happened


def worth(*events: tuple[str, int | None, str], before: int = 0, now: int = 0, ended: bool = False) -> list[Happened]:
    return letters.worth_telling(events, asked_before=before, asked_now=now, ended=ended)


def test_progress_is_not_worth_a_letter() -> None:
    assert worth(("started", 1, "in_progress"), ("completed", 1, "completed"), ("failed", 1, "pending")) == []


def test_a_failure_for_good_a_question_and_the_end_are() -> None:
    assert worth(("failed", 7, "failed")) == [Happened(SUBTASK_FAILED, 7)]
    assert worth(before=0, now=1) == [Happened(ATTENTION)]
    assert worth(before=1, now=1) == []
    assert worth(("failed", 7, "failed"), ("run_failed", None, "failed"), ended=True) == [
        Happened(SUBTASK_FAILED, 7),
        Happened(RUN_ENDED),
    ]


def test_of_very_many_failures_at_once_the_first_are_told() -> None:
    assert len(worth(*[("failed", number, "failed") for number in range(1, 500)])) == letters.MOST_FAILURES


def test_a_signature_is_that_of_the_specification() -> None:
    """The example of standardwebhooks.com."""
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    body = '{"test": 2432232314}'
    signed = letters.sign(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert len(base64.b64decode(signed.removeprefix("v1,"))) == 32


def test_pauses_grow_and_come_to_an_end() -> None:
    pauses = [letters.pause_after(tries) for tries in range(1, 20)]
    known = [pause for pause in pauses if pause is not None]
    assert all(one <= next_one for one, next_one in itertools.pairwise(known))
    assert pauses[len(known) :] == [None] * (19 - len(known))
    assert sum(known) == pytest.approx(2.5 * 86_400, rel=0.1)
