"""`verify`: what a subtask claims to have done counts once its check says so."""

from collections.abc import Callable

import pytest

from runs.executors.base import Failed, Job, Outcome
from runs.reports import Usage
from tests.runs.acting import Stage, register
from tests.runs.factories import Outline

CHECKED: Outline = {"a": {"verify": {"name": "checks", "strict": True}, "max_retries": 1}, "b": {"needs": ["a"]}}


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Callable[[Outcome | Exception], list[Job]]:
    """Makes the executor `checks`, which says this, and keeps what it was given."""

    def says(answer: Outcome | Exception) -> list[Job]:
        jobs: list[Job] = []

        def run(job: Job) -> Outcome:
            jobs.append(job)
            if isinstance(answer, Exception):
                raise answer
            return answer

        register(monkeypatch, "checks", run)
        return jobs

    return says


def test_what_is_checked_and_found_good_is_completed_with_its_own_result(
    stage: Stage, seen: Callable[[Outcome], list[Job]]
) -> None:
    jobs = seen(Outcome("fine", usage=Usage(1, 2, 0.5)))
    made = stage.run(CHECKED)
    stage.end(made, "a")
    assert made.subtask("a").result == {"of": "a"}
    assert [(job.inputs, job.spec) for job in jobs] == [({"result": {"of": "a"}}, CHECKED["a"]["verify"])]
    attempt = made.attempt("a")
    assert (attempt.input_tokens, attempt.output_tokens, attempt.cost) == (1, 2, 0.5)
    stage.end(made, "b")
    assert made.run.status == "completed"


def test_what_is_found_bad_fails_the_attempt_and_is_tried_again(
    stage: Stage, seen: Callable[[Exception], list[Job]]
) -> None:
    jobs = seen(Failed("exit code 1: two tests fail"))
    made = stage.run(CHECKED)
    stage.puppet.finish("a")
    stage.until(lambda: made.attempt("a").status == "failed")
    attempt = made.attempt("a")
    assert (attempt.error, attempt.partial_result) == ("not verified: exit code 1: two tests fail", {"of": "a"})
    assert (made.status("a"), made.status("b"), made.run.retries, len(jobs)) == ("pending", "pending", 1, 1)


def test_a_check_that_is_no_use_to_repeat_ends_it(stage: Stage, seen: Callable[[Exception], list[Job]]) -> None:
    seen(Failed("there is no such command", retryable=False))
    made = stage.run(CHECKED)
    stage.puppet.finish("a")
    stage.until(lambda: made.run.status == "failed")
    assert (made.subtask("a").error, made.status("b")) == ("not verified: there is no such command", "skipped")


def test_a_check_that_does_not_complete_says_nothing_good(stage: Stage, seen: Callable[[Outcome], list[Job]]) -> None:
    seen(Outcome(complete=False))
    made = stage.run(CHECKED)
    stage.puppet.finish("a")
    stage.until(lambda: made.attempt("a").status == "failed")
    assert made.attempt("a").error == "not verified: the check did not complete"


def test_what_went_wrong_by_itself_is_not_checked(stage: Stage, seen: Callable[[Outcome], list[Job]]) -> None:
    jobs = seen(Outcome())
    made = stage.run(CHECKED)
    stage.puppet.fail("a", retryable=False)
    stage.until(lambda: made.status("a") == "failed")
    assert (jobs, made.subtask("a").error) == ([], "a went wrong")


def test_quick_work_that_is_run_in_place_is_checked_too(stage: Stage, seen: Callable[[Exception], list[Job]]) -> None:
    jobs = seen(Failed("no", retryable=False))
    quick = {"executor": {"name": "simulate", "seconds": 0}, "verify": {"name": "checks"}}
    made = stage.run(dict.fromkeys("abc", quick), max_agents=1)
    stage.until(lambda: made.run.status == "failed")
    assert (made.run.failed, len(jobs)) == (3, 3)
