import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from runs.reading import graph
from tests.scenes import Scene, scene

pytestmark = pytest.mark.django_db


@pytest.fixture
def there(ada: User) -> Scene:
    made = scene(ada, "abcd", {"b": ["a"], "c": ["a"], "d": ["b"]}, max_agents=2)
    made.start("a")
    made.complete("a")
    made.start("b")
    return made


def html(browser: Client, run: Scene, **query: str) -> str:
    answer = browser.get(f"/runs/{run.run_id}/graph/", query)
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_each_subtask_is_a_link_that_says_how_it_fares(browser: Client, there: Scene) -> None:
    found = html(browser, there)
    assert "<title>b, in progress, critical path</title>" in found
    assert "<title>c, pending</title>" in found
    assert f'href="/runs/{there.run_id}/subtasks/b/"' in found
    assert "critical path, 3 subtasks" in found
    assert found.count('class="line is-critical"') == 2
    assert 'aria-current="page">Graph' in found


def test_the_same_can_be_read_as_a_table(browser: Client, there: Scene) -> None:
    found = html(browser, there, **{"as": "table"})
    assert '<svg class="graph"' not in found
    assert '<span class="key">a</span>' in found
    assert found.count('id="row-node-') == 4


def test_a_large_graph_is_shown_in_groups_that_open(browser: Client, ada: User) -> None:
    keys = [f"k{at}" for at in range(300)]
    large = scene(ada, keys, {key: [before] for before, key in zip(keys, keys[100:])})
    found = html(browser, large)
    assert "3 nodes for 300 subtasks" in found
    assert "0 of 100 completed" in found
    assert html(browser, large, open="1").count('class="node') == 2 + 4
    assert "<title>k100," in html(browser, large, open="1,1.0")


@pytest.mark.parametrize("query", [{"by": "x"}, {"open": "1" * 5000}, {"open": "-1,²,\x00", "by": "\x00"}, {"as": "x"}])
def test_what_makes_no_sense_in_the_address_is_left_out(browser: Client, there: Scene, query: dict[str, str]) -> None:
    assert html(browser, there, **query).count('class="node') == 4


def test_a_graph_of_somebody_else_is_not_there(eves: Client, there: Scene) -> None:
    assert eves.get(f"/runs/{there.run_id}/graph/").status_code == 404


def test_the_graph_takes_the_same_queries_at_any_size(
    browser: Client, ada: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    counts = []
    for number in (20, 260):
        keys = [f"k{at}" for at in range(number)]
        large = scene(ada, keys, {keys[-1]: keys[:3]})
        with django_assert_max_num_queries(16) as taken:
            html(browser, large)
        counts.append(len(taken))
    assert counts[0] == counts[1]


def test_the_critical_path_is_the_longest_chain_of_work(there: Scene) -> None:
    found = graph.of(there.run)
    assert [found.keys[at] for at in found.critical] == ["a", "b", "d"]


def test_what_keys_begin_with_is_a_way_to_put_subtasks_together(browser: Client, ada: User) -> None:
    keys = [f"{kind}.{at}" for kind in ("read", "test", "note") for at in range(100)]
    found = html(browser, scene(ada, keys))
    assert "3 nodes for 300 subtasks" in found and ">kind</a>" in found and ">depth</a>" in found
    assert [word in found for word in (">read<", ">test<", ">note<")] == [True] * 3
    plain = html(browser, scene(ada, [f"k{at}" for at in range(280)] + keys[:20]))
    assert ">kind</a>" not in plain
