"""Reports over REST: progress, output, questions and ends; accepted from the attempt that counts, and no other."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from pytest_django import Settings

from runs import outputs, sweep
from runs.external import attempts
from runs.models import Attempt, Event, Run, Subtask
from tests.factories import Api, pointers, token_of
from tests.runs.api.outside import Outsider, lose, refused, row, run_of
from tests.runs.factories import agent as worker
from tests.runs.factories import dump, violations

pytestmark = pytest.mark.django_db
ENDS: dict[str, dict[str, Any]] = {
    "complete": {"result": {"n": 1}, "output": "done\n"},
    "fail": {"error": "it broke", "retryable": False},
    "release": {},
}
VERBS: dict[str, dict[str, Any]] = {
    **ENDS,
    "heartbeat": {"progress": 0.5, "message": "half", "usage": {"cost": 1}},
    "output": {"offset": 0, "text": "x"},
    "ask": {"question": "Now?"},
}


@pytest.fixture
def agent(ada: User) -> Outsider:
    return Outsider(ada)


@pytest.fixture
def run(ada: User) -> Run:
    return run_of(ada, {"key": "a"}, {"key": "b", "depends_on": ["a"]})


@pytest.fixture
def lease(agent: Outsider, run: Run) -> dict[str, Any]:
    return agent.take()


def used(lease: dict[str, Any]) -> tuple[int, int, float]:
    attempt = row(lease)
    run = attempt.run
    found = (attempt.input_tokens, attempt.output_tokens, attempt.cost)
    assert found == (run.input_tokens, run.output_tokens, run.cost)
    return found


# ---- going on ----


def test_the_first_report_starts_the_attempt_and_renews_the_lease(agent: Outsider, lease: dict[str, Any]) -> None:
    Attempt.objects.update(lease_expires_at=timezone.now() + timedelta(seconds=1))
    answer = agent.beat(lease, progress=0.4, message="reading")
    attempt = row(lease)
    assert (attempt.status, attempt.progress, attempt.message) == ("running", 0.4, "reading")
    assert attempt.lease_expires_at is not None
    assert attempt.lease_expires_at > timezone.now() + timedelta(seconds=10)
    assert answer["commands"] == []
    assert answer["lease_expires_at"] == attempt.lease_expires_at.isoformat().replace("+00:00", "Z")
    assert (attempt.subtask.progress, attempt.subtask.message) == (0.4, "reading")


def test_a_lease_that_ran_out_may_be_renewed_while_nobody_else_has_the_work(
    agent: Outsider, lease: dict[str, Any]
) -> None:
    Attempt.objects.update(lease_expires_at=timezone.now() - timedelta(minutes=1))
    agent.beat(lease)
    assert sweep.overdue(timezone.now()) == []


def test_what_is_used_is_added_once_a_report(agent: Outsider, lease: dict[str, Any]) -> None:
    usage = {"input_tokens": 100, "output_tokens": 10, "cost": 0.25}
    agent.beat(lease, usage=usage)
    agent.beat(lease, usage=usage)
    assert used(lease) == (200, 20, 0.5)
    for _ in range(2):  # the same end again adds nothing
        assert agent.say("complete", lease, usage={"input_tokens": 1, "cost": 0.5}).status_code == 200
    assert used(lease) == (201, 20, 1.0)
    assert violations(timezone.now()) == []


def test_a_run_over_its_budget_hands_out_no_more(ada: User, agent: Outsider) -> None:
    run = run_of(ada, {"key": "a"}, {"key": "b"}, budget={"cost": 1.0, "tokens": None})
    agent.beat(agent.take(run=str(run.pk)), usage={"cost": 1.5})
    assert agent.ask_for_work(run=str(run.pk)) == []
    assert Subtask.objects.get(run=run, key="b").status == "skipped"


# ---- the end ----


def test_the_result_is_kept_and_what_depends_on_it_goes_on(agent: Outsider, lease: dict[str, Any]) -> None:
    answer = agent.say("complete", lease, result={"files": [1, 2]})
    assert (answer.status_code, answer.json()) == (
        200,
        {"attempt": lease["attempt"], "epoch": 1, "status": "succeeded"},
    )
    attempt = row(lease)
    assert (attempt.subtask.status, attempt.subtask.result) == ("completed", {"files": [1, 2]})
    assert attempt.started_at == attempt.leased_at, "straight from leased: it began then"
    assert agent.take()["subtask"]["key"] == "b"
    assert violations(timezone.now()) == []


def test_a_run_ends_with_its_last_attempt(agent: Outsider, run: Run) -> None:
    for _ in range(2):
        agent.say("complete", agent.take())
    run.refresh_from_db()
    assert (run.status, run.end_reason) == ("completed", "done")


def test_what_fails_is_tried_again_unless_that_is_no_use(agent: Outsider, lease: dict[str, Any]) -> None:
    agent.say("fail", lease, error="the network", partial_result={"some": 1})
    attempt = row(lease)
    assert (attempt.status, attempt.error, attempt.partial_result) == ("failed", "the network", {"some": 1})
    assert (attempt.subtask.status, attempt.subtask.not_before is None, attempt.run.outside) == ("pending", False, 0)
    assert violations(timezone.now()) == []


def test_what_is_no_use_to_try_again_is_given_up(agent: Outsider, lease: dict[str, Any]) -> None:
    agent.say("fail", lease, retryable=False)
    attempt = row(lease)
    assert (attempt.subtask.status, attempt.subtask.error) == ("failed", "the agent did not say why")
    assert Subtask.objects.get(run=attempt.run, key="b").status == "skipped"


def test_what_is_handed_back_costs_no_try(agent: Outsider, lease: dict[str, Any]) -> None:
    agent.say("release", lease)
    assert (row(lease).status, row(lease).subtask.attempts_used) == ("cancelled", 0)
    assert agent.take()["epoch"] == 2
    assert violations(timezone.now()) == []


@pytest.mark.parametrize("verb", ENDS)
def test_the_same_end_again_is_fine_and_changes_nothing(agent: Outsider, lease: dict[str, Any], verb: str) -> None:
    first = agent.say(verb, lease, **ENDS[verb])
    before = dump()
    again = agent.say(verb, lease, **ENDS[verb])
    assert (again.status_code, again.json(), dump()) == (200, first.json(), before)
    attempt = row(lease)
    expected = b"done\n" if verb == "complete" else b""
    assert outputs.read(attempt.run_id, attempt.subtask_id, attempt.epoch) == expected


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb != "complete"])
def test_another_word_after_the_end_is_refused(agent: Outsider, lease: dict[str, Any], verb: str) -> None:
    agent.say("complete", lease, result={"n": 1})
    refused(lambda: agent.say(verb, lease, **VERBS[verb]), {"status": "succeeded", "epoch": 1})
    refused(lambda: agent.say("complete", lease, result={"n": 2}), {"status": "succeeded", "epoch": 1})


# ---- epochs ----


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("epoch", [2, 2**31 - 1])
def test_another_epoch_is_refused(agent: Outsider, lease: dict[str, Any], verb: str, epoch: int) -> None:
    agent.beat(lease)
    refused(lambda: agent.say(verb, lease | {"epoch": epoch}, **VERBS[verb]), {"status": "running", "epoch": 1})
    attempt = row(lease)
    assert outputs.size(attempt.run_id, attempt.subtask_id, 1) == 0


@pytest.mark.parametrize("verb", VERBS)
def test_a_lost_lease_is_lost(agent: Outsider, lease: dict[str, Any], verb: str) -> None:
    lose(lease)
    refused(lambda: agent.say(verb, lease, **VERBS[verb]), {"status": "lost", "epoch": 1})
    assert row(lease).output_bytes == outputs.size(row(lease).run_id, row(lease).subtask_id, 1) == 0


def test_who_is_silent_for_fifteen_seconds_loses_the_work_to_the_next(ada: User, lease: dict[str, Any]) -> None:
    lose(lease, seconds=14)
    assert row(lease).status == "leased"
    lose(lease, seconds=15)
    assert (row(lease).status, row(lease).error, row(lease).run.losses) == ("lost", "no heartbeat for 15 s", 1)
    other = Outsider(ada, "impl-2").take()
    assert (other["subtask"]["key"], other["epoch"], other["subtask"]["attempts_used"]) == ("a", 2, 2)
    assert violations(timezone.now()) == []


def test_a_storm_of_stale_reports_changes_nothing(ada: User, agent: Outsider, lease: dict[str, Any]) -> None:
    """A zombie says everything it can, over and over, while another has its work; and after that has done it."""
    lose(lease)
    other = Outsider(ada, "impl-2")
    theirs = other.take()
    assert theirs["epoch"] == 2
    for status in ("leased", "succeeded"):
        before, log = dump(), Event.objects.count()
        found = [agent.say(verb, lease, **VERBS[verb]).status_code for _ in range(20) for verb in VERBS]
        batch = [
            {"attempt": lease["attempt"], "epoch": 1, "outcome": outcome} for outcome in ("complete", "fail", None)
        ]
        response = agent.api.post("progress/", {"reports": batch * 300})
        found += [one["status"] for one in response.json()["results"]]
        assert set(found) == {409} and len(found) == 20 * len(VERBS) + 900
        assert (dump(), Event.objects.count(), row(theirs).status) == (before, log, status)
        other.say("complete", theirs, result={"mine": True})
    assert row(theirs).subtask.result == {"mine": True}
    assert violations(timezone.now()) == []


# ---- whose ----


@pytest.mark.parametrize("verb", VERBS)
def test_the_attempt_of_another_token_is_not_there(ada: User, eve: User, lease: dict[str, Any], verb: str) -> None:
    before = dump()
    tokens = [token_of(ada, "agent"), token_of(eve, "admin"), token_of(ada, "operator", run=run_of(ada))]
    before = dump()
    for token in tokens:
        response = Api(token).post(f"attempts/{lease['attempt']}/{verb}/", {"epoch": 1} | VERBS[verb])
        assert response.status_code == 404
    assert dump() == before


@pytest.mark.parametrize("verb", VERBS)
def test_an_operator_may_report_for_an_agent(ada: User, lease: dict[str, Any], verb: str) -> None:
    operator = Api(token_of(ada, "operator"))
    assert operator.post(f"attempts/{lease['attempt']}/{verb}/", {"epoch": 1} | VERBS[verb]).status_code == 200


def test_nobody_reports_for_a_worker_of_ours(ada: User, api: Api) -> None:
    run = run_of(ada, backend="embedded")
    lease = Outsider(ada).take(run=str(run.pk))
    Attempt.objects.update(agent=worker("agent-1").pk, token=None)
    attempts.forget()
    assert api.post(f"attempts/{lease['attempt']}/complete/", {"epoch": 1}).status_code == 404


# ---- what is wrong ----


@pytest.mark.parametrize(
    ("verb", "body", "pointer"),
    [
        ("heartbeat", {"epoch": 0}, "/epoch"),
        ("heartbeat", {"epoch": 1, "progress": 1.01}, "/progress"),
        ("heartbeat", {"epoch": 1, "progress": -0.01}, "/progress"),
        ("heartbeat", {"epoch": 1, "message": "x" * 10_001}, "/message"),
        ("heartbeat", {"epoch": 1, "ack": ["x"]}, "/ack/0"),
        ("heartbeat", {"epoch": 1, "usage": {"cost": -1}}, "/usage/cost"),
        ("heartbeat", {"epoch": 1, "usage": {"input_tokens": 1.5}}, "/usage/input_tokens"),
        ("heartbeat", {"epoch": 1, "usage": {"input_tokens": 10**13}}, "/usage/input_tokens"),
        ("complete", {"result": {}}, "/epoch"),
        ("complete", {"epoch": "1"}, "/epoch"),
        ("fail", {"epoch": 1, "retryable": "no"}, "/retryable"),
        ("release", {"epoch": 1, "result": {}}, "/result"),
        ("output", {"epoch": 1, "text": "x"}, "/offset"),
        ("output", {"epoch": 1, "offset": -1, "text": "x"}, "/offset"),
        ("ask", {"epoch": 1, "question": " "}, "/question"),
        ("ask", {"epoch": 1, "question": "x" * 9_001}, "/question"),
    ],
)
def test_what_is_no_report_is_refused_and_changes_nothing(
    agent: Outsider, lease: dict[str, Any], verb: str, body: Any, pointer: str
) -> None:
    before = dump()
    response = agent.api.post(f"attempts/{lease['attempt']}/{verb}/", body)
    assert (response.status_code, pointers(response), dump()) == (422, [pointer], before)


def test_a_result_has_a_mebibyte_at_most(agent: Outsider, lease: dict[str, Any]) -> None:
    before = dump()
    response = agent.say("complete", lease, result="x" * (1024 * 1024 - 1))
    assert (response.status_code, pointers(response), dump()) == (413, ["/result"], before)
    assert agent.say("complete", lease, result="x" * (1024 * 1024 - 2)).status_code == 200


# ---- output ----


def output_of(agent: Outsider, lease: dict[str, Any]) -> bytes:
    found: bytes = agent.api.get(f"runs/{lease['run']}/subtasks/{lease['subtask']['key']}/output/").content
    return found


def test_output_comes_in_chunks_and_can_be_read_meanwhile(agent: Outsider, lease: dict[str, Any]) -> None:
    assert agent.say("output", lease, offset=0, text="grün\n").json() == {"offset": 6}
    assert output_of(agent, lease) == "grün\n".encode()
    assert agent.say("output", lease, offset=6, text="two\n").json() == {"offset": 10}
    agent.say("complete", lease, output="three\n")
    attempt = row(lease)
    assert output_of(agent, lease) == "grün\ntwo\nthree\n".encode()
    assert (attempt.output_bytes, attempt.output_truncated, len(attempt.output_digest)) == (16, False, 64)
    assert violations(timezone.now()) == []


def test_a_chunk_again_is_kept_once_and_one_that_overlaps_in_part(agent: Outsider, lease: dict[str, Any]) -> None:
    for offset, text in ((0, "abc"), (0, "abc"), (1, "bcd"), (0, "a")):
        assert agent.say("output", lease, offset=offset, text=text).status_code == 200
    assert output_of(agent, lease) == b"abcd"


def test_a_gap_is_refused_with_the_byte_that_is_expected(agent: Outsider, lease: dict[str, Any]) -> None:
    agent.say("output", lease, offset=0, text="abc")
    refused(lambda: agent.say("output", lease, offset=4, text="e"), {"offset": 3})
    assert output_of(agent, lease) == b"abc"


def test_over_the_cap_nothing_is_kept_and_nothing_is_refused(
    agent: Outsider, lease: dict[str, Any], settings: Settings
) -> None:
    settings.OUTPUT_MAX_BYTES = 4
    assert agent.say("output", lease, offset=0, text="abcdef").json() == {"offset": 6}
    assert agent.say("output", lease, offset=6, text="ghi").json() == {"offset": 9}
    agent.say("complete", lease, output="jkl")
    assert (output_of(agent, lease), row(lease).output_truncated) == (b"abcd", True)
    assert violations(timezone.now()) == []
