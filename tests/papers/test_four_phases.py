"""The research note's batching: research first, then all that only reads as one batch, then what writes, in order."""

import pytest

from tests.factories import Api, made
from tests.papers.playing import Json, Theatre, planned

READS = [f"read-{at}" for at in range(6)]
WRITES = ["edit", "format", "commit"]


def call(key: str, lane: str, seconds: float, *needs: str) -> Json:
    """Short of words what the note's tools are: nobody knows what they claim."""
    executor = {"name": "shell", "command": "exit 0"}
    told = {"executor": executor, "lane": lane, "estimated_seconds": seconds}
    return {"key": key, "content": key, "depends_on": list(needs), **told}


def phases(api: Api) -> Json:
    """Written down as a model might call them, reads and writes mixed."""
    research = call("research", "query", 5)
    reads = [call(key, "query", 3 + at, "research") for at, key in enumerate(READS)]
    writes = [call(key, "execute", 2, "research") for key in WRITES]
    return made(api, content="Four phases", subtasks=[writes[0], research, *reads[:3], *writes[1:], *reads[3:]])


def test_all_that_reads_is_one_batch_and_what_writes_goes_in_order(api: Api, theatre: Theatre) -> None:
    todo = phases(api)
    plan = planned(api, todo, strategy="hybrid", max_agents=8)
    assert [set(group) for group in plan["groups"]] == [{"research"}, set(READS), *({key} for key in WRITES)]
    played = theatre.play(api, todo, strategy="hybrid", max_agents=8)
    assert {played.begun[key] for key in READS} == {5}
    assert [played.begun[key] for key in WRITES] == [13, 15, 17]
    assert all(played.beside(key) == {key} for key in ["research", *WRITES])
    assert (played.makespan, plan["predicted_makespan_seconds"]) == (19, 19)


def test_behind_barriers_no_run_is_faster_than_its_phases_one_after_the_other(api: Api, theatre: Theatre) -> None:
    phase = {"research": 1} | dict.fromkeys(READS, 2) | dict.fromkeys(WRITES, 3)
    subtasks = [call("research", "query", 5), *(call(key, "query", 3 + at) for at, key in enumerate(READS))]
    subtasks += [call(key, "execute", 2) for key in WRITES]
    todo = made(api, content="Phases", subtasks=[one | {"phase": phase[one["key"]]} for one in subtasks])
    played = theatre.play(api, todo, strategy="parallel", max_agents=8, barriers=True)
    work, least = 5 + sum(range(3, 9)) + 3 * 2, 5 + 8 + 2
    assert played.makespan == least
    assert played.progress["theoretical_speedup"] == pytest.approx(work / least)
    assert played.progress["speedup"] == pytest.approx(work / least)
    free = theatre.play(api, todo, strategy="parallel", max_agents=8)
    assert free.progress["theoretical_speedup"] == pytest.approx(work / 8)


def test_the_width_of_the_batch_is_shown_while_it_lasts(api: Api, theatre: Theatre) -> None:
    played = theatre.play(api, phases(api), strategy="hybrid", max_agents=8)
    assert (played.shown[0], played.shown[5], max(played.shown.values())) == (1, len(READS), len(READS))
    assert [played.shown[at] for at in (13, 15, 17)] == [1, 1, 1]


def test_a_lane_bounds_the_width(api: Api, theatre: Theatre) -> None:
    lanes = {"query": {"concurrency": 2}}
    played = theatre.play(api, phases(api), strategy="hybrid", max_agents=8, lanes=lanes)
    assert (played.width, max(played.shown.values())) == (2, 2)
    assert min(played.begun[key] for key in WRITES) == max(played.ended[key] for key in READS)


def test_writes_that_are_known_to_keep_apart_need_not_wait_for_each_other(api: Api, theatre: Theatre) -> None:
    claim = [{"kind": "file", "name": "shared.md", "mode": "write"}]
    subtasks = [call("read", "query", 3)]
    subtasks += [call(f"write-{at}", "execute", 2) | {"resources": claims(f"{at}.md")} for at in range(3)]
    subtasks += [call(f"again-{at}", "execute", 2) | {"resources": claim} for at in range(2)]
    played = theatre.play(api, made(api, content="Known", subtasks=subtasks), strategy="hybrid", max_agents=8)
    assert {played.begun[f"write-{at}"] for at in range(3)} == {3}
    assert sorted(played.begun[f"again-{at}"] for at in range(2)) == [3, 5]


def claims(name: str) -> list[Json]:
    return [{"kind": "file", "name": name, "mode": "write"}]


def test_a_batch_of_one_call_is_told_for_what_it_is(api: Api, theatre: Theatre) -> None:
    """One call a turn: each read needs the one before, so there is nothing to batch, whoever asks for parallel."""
    chain = [call(key, "query", 3, *READS[max(0, at - 1) : at]) for at, key in enumerate(READS)]
    todo = made(api, content="One call a turn", subtasks=chain)
    plan = planned(api, todo)
    assert (plan["strategy"], plan["reason"]) == ("sequential", "0 of 6 subtasks can run beside another, fewer than 3")
    assert (plan["theoretical_speedup"], plan["optimal_agents"]) == (1, 1)
    played = theatre.play(api, todo, strategy="parallel", max_agents=8)
    assert (played.width, played.makespan) == (1, 18)
    assert (played.progress["speedup"], played.progress["verdict"]) == (1, "ran serial")
    assert played.progress["verdict_reason"].startswith("a chain of dependencies: 100 % of the work")
    assert "depends_on" in played.progress["verdict_cure"]  # the sentence for the prompt
