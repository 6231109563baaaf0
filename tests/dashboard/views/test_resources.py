import re
from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from runs.backends import slots
from runs.backends.slots import Slots
from runs.engine.pools import Use
from runs.models import Resource, Subtask
from tests.scenes import Scene, scene

pytestmark = pytest.mark.django_db

FILE = {"kind": "file", "name": "src/**", "mode": "write", "amount": 1}
SHARE = {"kind": "database", "name": "main", "mode": "write", "amount": 6}
CALLS = {"kind": "api", "name": "forge", "mode": "write", "amount": 8}
CLAIMS = {"a": [FILE, SHARE, CALLS], "b": [FILE], "b2": [FILE], "c": [SHARE], "d": [CALLS]}


@pytest.fixture
def there(ada: User) -> Scene:
    """One at work; others wait for a file, one behind the other, for a share, and for a limiter."""
    made = scene(ada, [*CLAIMS, "plain"], claims=CLAIMS, max_agents=8)
    made.start("a", "b", "b2", "c", "d")
    return made


def html(browser: Client, run: Scene) -> str:
    answer = browser.get(f"/runs/{run.run_id}/resources/")
    assert answer.status_code == 200
    return str(answer.content.decode())


def text(markup: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", markup).split())


def row(markup: str, key: str) -> str:
    """The row of a subtask, as text."""
    (found,) = [part for part in markup.split("<tr ") if f'title="{key}"' in part]
    return text("<tr " + found.split("</tr>")[0])


def test_who_holds_what_is_shown_with_limits_and_use(browser: Client, there: Scene) -> None:
    found = html(browser, there)
    assert "database main 10 connections 6 of 10 1 1" in text(found)
    assert "file src/** one writes, or many read 1 attempt 1" in text(found)
    assert "api forge 10 calls a second – 0 1" in text(found)
    assert "2 of 2" in text(found)


def test_who_waits_is_shown_with_whom_for(browser: Client, there: Scene) -> None:
    found = html(browser, there)
    assert row(found, "b").startswith("b src/** a &nbsp; (agent-1)")
    assert row(found, "b2").startswith("b2 src/** b a &nbsp; (agent-1)")
    assert row(found, "c").startswith("c 6 connections of main a &nbsp; (agent-1)")
    assert row(found, "d").startswith("d 8 calls of forge its rate allows it")
    assert 'data-tab="resources" aria-current="page">Resources <span class="quiet">4</span>' in found


def test_a_holder_in_a_run_of_somebody_else_is_not_named(browser: Client, ada: User, eve: User) -> None:
    hers = scene(eve, ["secret"], claims={"secret": [FILE]})
    hers.start("secret", agent="agent-9")
    ours = scene(ada, ["b"], claims={"b": [FILE]})
    ours.start("b")
    found = html(browser, ours)
    assert "a run of somebody else lets go" in found
    assert "secret" not in found
    assert "agent-9" not in found


def test_a_run_that_claims_nothing_says_how_to(browser: Client, ada: User) -> None:
    found = html(browser, scene(ada, "a"))
    assert "Nothing is claimed in this run" in found
    assert "&quot;kind&quot;: &quot;file&quot;" in found


def test_a_run_in_which_nothing_is_held_now_says_so(browser: Client, ada: User) -> None:
    assert "Nothing is held now" in html(browser, scene(ada, "a", claims={"a": [FILE]}))


# ---- pools ----


@pytest.fixture
def at_work(ada: User) -> Iterator[tuple[Scene, Slots]]:
    """A run that reads and searches, on a server whose worker is at one of them."""
    made = scene(ada, "ab")
    made.start("a")
    Resource.objects.create(kind="pool", name="codebase", capacity=3)
    Resource.objects.create(kind="pool", name="web", capacity=2)
    Subtask.objects.filter(run=made.run_id).update(pool="codebase")
    held = Slots(asked={"codebase": 3, "web": 2}, narrowed={"codebase": 1}, held={1: "codebase"})
    held.use = {"codebase": Use(0.5, 0.1)}
    slots.publish(lambda: held)
    yield made, held
    slots.publish(None)


def pool(markup: str, name: str) -> str:
    (found,) = [part for part in markup.split("<tr ") if f'<span class="key">{name}</span>' in part]
    return text("<tr " + found.split("</tr>")[0])


def test_pools_are_shown_with_limits_what_runs_waits_and_is_used(browser: Client, at_work: tuple[Scene, Slots]) -> None:
    run, held = at_work
    found = html(browser, run)
    row = (
        "codebase limit: 1 at once narrowed from 3 over its share of cpu 1 running 1 waiting 50 % of 40 % 10 % of 50 %"
    )
    assert row == pool(found, "codebase")
    assert pool(found, "web") == "web limit: 2 at once 0 running 0 waiting – of 20 % – of 25 %"
    assert pool(found, "bash") == "bash limit: none 0 running 0 waiting – of 30 % – of 15 %"
    held.use, held.narrowed = {"codebase": Use(0.2, 0.1)}, {}
    assert (
        pool(html(browser, run), "codebase")
        == "codebase limit: 3 at once 1 running 1 waiting 20 % of 40 % 10 % of 50 %"
    )


def test_whoever_may_change_things_gets_to_where_a_limit_is_set(browser: Client, ada: User) -> None:
    run = scene(ada, "a")
    there = Resource.objects.create(kind="pool", name="web", capacity=2)
    found = html(browser, run)
    assert f'href="/admin/runs/resource/{there.pk}/change/"' in found
    assert 'href="/admin/runs/resource/add/?kind=pool&amp;name=bash"' in found
    assert browser.get("/admin/runs/resource/add/?kind=pool&name=bash").status_code == 200
    User.objects.filter(pk=ada.pk).update(is_staff=False)
    assert "/admin/runs/resource/" not in html(browser, run)


def test_where_no_worker_is_nothing_is_said_to_run(browser: Client, ada: User) -> None:
    assert pool(html(browser, scene(ada, "a")), "web") == "web limit: none – 0 waiting – of 20 % – of 25 %"


def test_resources_of_somebody_else_are_not_there(eves: Client, there: Scene) -> None:
    assert eves.get(f"/runs/{there.run_id}/resources/").status_code == 404


def test_resources_take_the_same_queries_however_many_wait(
    browser: Client, ada: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    counts = []
    for number in (5, 25):
        keys = [f"k{at}" for at in range(number)]
        run = scene(ada, keys, claims={key: [FILE, SHARE] for key in keys}, max_agents=30)
        run.start(*keys)
        with django_assert_max_num_queries(24) as taken:
            html(browser, run)
        counts.append(len(taken))
        run.complete("k0")
        run.later(60)
    assert counts[0] == counts[1]
