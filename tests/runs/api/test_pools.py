"""Limits of pools over REST, and the pools of a run."""

from typing import Any

import pytest
from django.contrib.auth.models import User

from runs.claims import limits
from runs.models import Resource
from tests.factories import Api, made, pointers
from tests.scenes import scene


def test_a_pool_nobody_has_set_is_as_the_settings_say(api: Api) -> None:
    assert api.get("resources/pool/web/").json() == {
        "kind": "pool",
        "name": "web",
        "capacity": None,
        "per_second": None,
        "available": None,
        "holders": 0,
        "waiting": 0,
    }
    shown = api.get("resources/pool/bash%2Fgit/").json()
    assert (shown["capacity"], shown["available"]) == (2, 2)
    assert api.get("resources/pool/bash%2F*/").json()["capacity"] == 16


def test_a_pool_can_be_limited_and_let_loose_again(api: Api) -> None:
    assert api.send("PUT", "resources/pool/web/", {"capacity": 3}).json()["capacity"] == 3
    assert limits.pools()["web"] == 3
    assert api.send("PUT", "resources/pool/web/", {"capacity": None}).json()["capacity"] is None
    assert api.send("PUT", "resources/pool/bash%2Fgit/", {"capacity": None}).json()["capacity"] is None
    assert {"web", "bash/git"} & set(limits.pools()) == set()


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/capacity"),
        ({"capacity": 0}, "/capacity"),
        ({"capacity": "4"}, "/capacity"),
        ({"per_second": 4}, "/per_second"),
        ({"capacity": 4, "share": 0.5}, "/share"),
    ],
)
def test_a_limit_that_makes_no_sense_is_refused(api: Api, body: Any, pointer: str) -> None:
    response = api.send("PUT", "resources/pool/web/", body)
    assert (response.status_code, pointers(response)) == (422, [pointer])
    assert Resource.objects.count() == 0


@pytest.mark.parametrize("name", ["disk", "bash%2Fother", "bash%2Fcook", "Web"])
def test_there_are_no_other_pools(api: Api, name: str) -> None:
    assert api.get(f"resources/pool/{name}/").status_code == 404
    assert api.send("PUT", f"resources/pool/{name}/", {"capacity": 1}).status_code == 404
    assert Resource.objects.count() == 0


def test_a_run_tells_of_all_pools(api: Api, ada: User) -> None:
    there = scene(ada, "ab")
    there.start("a")
    pools = api.get(f"runs/{there.run_id}/resources/").json()["pools"]
    assert [pool["name"] for pool in pools] == ["web", "codebase", "bash", "coordination"]
    assert pools[1] == {
        "name": "codebase",
        "limit": None,
        "asked": None,
        "running": None,
        "waiting": 0,
        "share": {"cpu": 0.4, "memory": 0.5, "io": 0.7, "network": 0.05, "storage": 0.6},
        "use": None,
    }


@pytest.mark.parametrize(
    ("options", "adaptive"),
    [
        ({}, True),
        ({"max_agents": 4}, False),
        ({"max_agents": 4, "adaptive": True}, True),
        ({"adaptive": False}, False),
        ({"adaptive": None}, True),
    ],
)
def test_who_names_a_number_of_agents_gets_it_unless_asked_otherwise(api: Api, options: Any, adaptive: bool) -> None:
    todo = made(api, content="x", subtasks=[{"content": "a", "key": "a"}])
    run = api.post(f"todos/{todo['id']}/run/", options).json()
    assert run["adaptive"] is adaptive
    progress = api.get(f"runs/{run['id']}/progress/").json()
    assert (progress["agents_allowed"], progress["agents_slowdown"], progress["agents_peak"]) == (4, None, 0)
    assert (progress["verdict"], progress["verdict_reason"], progress["verdict_cure"]) == (None, None, None)
