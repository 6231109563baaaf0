import re
import subprocess
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from dashboard.pages import todo_tree
from dashboard.views import todos
from runs import actions as run_actions
from tests.factories import keys, plant
from tests.scenes import scene
from todos.models import Todo

pytestmark = pytest.mark.django_db


def said(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", html))


def listed(client: Client, query: str = "") -> list[str]:
    response = client.get(f"/todos/{query}")
    assert response.status_code == 200
    return [line.todo.content for line in response.context["lines"]]


def tree(client: Client, todo: Todo, query: str = "") -> list[str]:
    """Keys of the rows, as deep as they stand."""

    def names(rows: Any, depth: int) -> list[str]:
        return [name for row in rows for name in ["-" * depth + row.todo["key"], *names(row.below, depth + 1)]]

    response = client.get(f"/todos/{todo.pk}/{query}")
    assert response.status_code == 200
    return names(response.context["shown"].rows, 0)


# ---- the list ----


def test_without_any_todo_the_page_teaches_how_to_begin(browser: Client) -> None:
    response = browser.get("/todos/")
    assert "Nothing to do yet" in response.content.decode()
    assert "http://testserver/api/v1/todos/" in response.content.decode()
    for command in response.context["code"].values():
        subprocess.run(["bash", "-n", "-c", command], check=True)


def test_todos_at_the_top_are_listed_newest_first_with_their_counts(browser: Client, ada: User, eve: User) -> None:
    plant(ada, "Docs")
    plant(ada, "Review", subtasks=[{"content": "a", "status": "completed"}, {"content": "b"}, {"content": "c"}])
    plant(eve, "Hers")
    assert listed(browser) == ["Review", "Docs"]
    words = said(browser.get("/todos/").content.decode())
    assert "1 of 3" in words
    assert "2 pending" in words
    assert "2 of 2" in words


def test_a_bar_shows_every_part_of_a_todo(browser: Client, ada: User) -> None:
    words = ("completed", "completed", "failed", "skipped", "in_progress", "pending", "pending", "pending")
    plant(ada, subtasks=[{"content": "x", "status": word} for word in words])
    (line,) = browser.get("/todos/").context["lines"]
    assert [(part.kind, part.start, part.width) for part in line.bar] == [
        ("completed", 0.0, 25.0),
        ("failed", 25.0, 12.5),
        ("cancelled", 37.5, 12.5),
        ("moving", 50.0, 12.5),
    ]
    assert line.rest == "1 in progress, 3 pending, 1 failed, 1 skipped"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?status=completed", ["Docs"]),
        ("?q=rev", ["Review"]),
        ("?q=rev&status=completed", []),
        ("?status=nonsense&cursor=nonsense&q=%00", ["Docs", "Review"]),
    ],
)
def test_search_and_filter_are_in_the_address(browser: Client, ada: User, query: str, found: list[str]) -> None:
    plant(ada, "Review")
    plant(ada, "Docs", status="completed")
    assert listed(browser, query) == found


def test_the_last_run_of_a_todo_stands_beside_it(browser: Client, ada: User) -> None:
    there = scene(ada, "ab")
    there.start("a")
    (line,) = browser.get("/todos/").context["lines"]
    assert line.run.pk == there.run_id
    assert f'href="/runs/{there.run_id}/"' in browser.get("/todos/").content.decode()


def test_the_list_is_paged_and_says_how_many_there_are(
    browser: Client, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(todos, "A_PAGE", 2)
    for name in "abc":
        plant(ada, name)
    response = browser.get("/todos/?q=")
    assert [line.todo.content for line in response.context["lines"]] == ["c", "b"]
    assert "2 of 3" in said(response.content.decode())
    assert listed(browser, f"?cursor={response.context['page'].next}") == ["a"]


def test_only_the_table_is_sent_when_only_the_table_is_asked_for(browser: Client, ada: User) -> None:
    plant(ada)
    html = browser.get("/todos/", headers={"HX-Target": "section#todo-table"}).content.decode()
    assert html.strip().startswith('<section class="panel" id="todo-table"')


def test_the_list_takes_the_same_queries_for_two_and_for_fifty(
    browser: Client, ada: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    counts = []
    for number in (2, 48):
        for _ in range(number):
            scene(ada, "a")
        with django_assert_max_num_queries(9) as taken:
            browser.get("/todos/")
        counts.append(len(taken))
    assert counts[0] == counts[1]


# ---- one todo ----


@pytest.fixture
def there(ada: User) -> Todo:
    """`b` is a parent of two, one of which is a parent again; `c` needs it."""
    deep = {"key": "b2", "content": "Deep", "subtasks": [{"key": "b21", "content": "Deeper"}]}
    parts = [
        {"key": "a", "content": "First", "estimated_seconds": 90},
        {"key": "b", "content": "Second", "subtasks": [{"key": "b1", "content": "Shallow"}, deep]},
        {"key": "c", "content": "Third", "depends_on": ["b"], "resources": [{"kind": "file", "name": "src/app.py"}]},
    ]
    return plant(ada, "Review", subtasks=parts)


def test_a_small_tree_is_open_and_shows_what_each_needs_and_claims(browser: Client, there: Todo) -> None:
    assert tree(browser, there) == ["a", "b", "-b1", "-b2", "--b21", "c"]
    words = said(browser.get(f"/todos/{there.pk}/").content.decode())
    assert "needs b" in words
    assert "src/app.py" in words
    assert "~2 min" in words or "~1 min 30 s" in words
    assert "0 of 2" in words


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("?open=-", ["a", "b", "c"]),
        ("?open=b", ["a", "b", "-b1", "-b2", "c"]),
        ("?open=b2", ["a", "b", "c"]),
        ("?open=b,b2,nonsense!", ["a", "b", "-b1", "-b2", "--b21", "c"]),
        ("?from=2", ["c"]),
        ("?from=nonsense&add=nonsense", ["a", "b", "-b1", "-b2", "--b21", "c"]),
        ("?q=deep", ["b2", "b21"]),
        ("?q=B1", ["b1"]),
        ("?q=nothing", []),
    ],
)
def test_what_is_shown_of_a_tree_is_in_the_address(browser: Client, there: Todo, query: str, rows: list[str]) -> None:
    assert tree(browser, there, query) == rows


def test_opening_and_closing_are_links(browser: Client, there: Todo) -> None:
    html = browser.get(f"/todos/{there.pk}/").content.decode()
    assert f'href="/todos/{there.pk}/?open=b"' in html  # closes b2
    html = browser.get(f"/todos/{there.pk}/?open=-").content.decode()
    assert f'href="/todos/{there.pk}/?open=b"' in html  # opens b


def test_a_subtask_has_a_page_of_its_own(browser: Client, there: Todo) -> None:
    below = keys(there)["b2"]
    assert tree(browser, below) == ["b21"]
    html = browser.get(f"/todos/{below.pk}/").content.decode()
    assert f'<a href="/todos/{there.pk}/" dir="auto">Review</a>' in html
    assert tree(browser, below, "?q=de") == ["b21"]


def test_a_parent_of_many_shows_the_first_and_leads_to_the_rest(
    browser: Client, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(todo_tree, "BELOW", 3)
    monkeypatch.setattr(todo_tree, "A_PAGE", 4)
    many = [{"content": f"part {at}"} for at in range(6)]
    todo = plant(ada, subtasks=[{"key": "many", "content": "many", "subtasks": many}])
    assert len(tree(browser, todo)) == 4
    parent = keys(todo)["many"]
    assert f'<a href="/todos/{parent.pk}/">All of many</a>' in browser.get(f"/todos/{todo.pk}/").content.decode()
    assert [len(tree(browser, parent, query)) for query in ("", "?from=4")] == [4, 2]
    assert f'href="/todos/{parent.pk}/?from=4"' in browser.get(f"/todos/{parent.pk}/").content.decode()


def test_open_parents_add_only_so_many_rows(browser: Client, ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(todo_tree, "MOST", 4)
    many = [{"content": "x"} for _ in range(4)]
    todo = plant(ada, subtasks=[{"key": key, "content": key, "subtasks": many} for key in "pq"])
    assert len(tree(browser, todo, "?open=p,q")) == 6
    assert f'href="/todos/{keys(todo)["q"].pk}/" aria-label="Open q"' in (
        browser.get(f"/todos/{todo.pk}/?open=p,q").content.decode()
    )


def test_hostile_texts_are_only_texts(browser: Client, ada: User) -> None:
    hostile = "<script>alert(1)</script>"
    todo = plant(ada, hostile, subtasks=[{"content": hostile, "resources": [{"kind": "file", "name": hostile}]}])
    for path in ("/todos/", f"/todos/{todo.pk}/", f"/todos/{keys(todo).popitem()[1].pk}/edit/"):
        html = browser.get(path).content.decode()
        assert "<script>alert" not in html
        assert "&lt;script&gt;alert" in html


def test_a_run_under_way_is_shown_and_feeds_the_page(browser: Client, ada: User) -> None:
    there = scene(ada, "ab")
    there.start("a")
    html = browser.get(f"/todos/{there.run.todo_id}/").content.decode()
    assert f'hx-ws:connect="/ws/runs/{there.run_id}/?format=html"' in html
    assert 'data-counter="in_progress" data-value="1"' in html
    assert 'id="max_agents"' not in html


def test_a_page_that_is_open_is_told_what_changed(browser: Client, there: Todo) -> None:
    asked = {"HX-Target": "div#todo-refresh"}
    html = browser.get(f"/todos/{there.pk}/?run=0", headers=asked).content.decode()
    assert [name for name in ("head", "tree", "live", "runs", "run") if f'hx-target="#todo-{name}"' in html] == [
        "head",
        "tree",
        "live",
        "runs",
    ]
    run_actions.start(there, run_actions.Options())
    response = browser.get(f"/todos/{there.pk}/?run=0", headers=asked)
    assert response["HX-Refresh"] == "true"


def test_a_page_that_is_open_keeps_what_it_shows(browser: Client, ada: User) -> None:
    todo = plant(ada, subtasks=[{"key": "a", "content": "a", "subtasks": [{"key": "b", "content": "b"}]}])
    asked = {"HX-Target": "div#todo-refresh", "HX-Request": "true"}
    for query, shown in (("", True), ("?open=-", False), ("?open=a", True)):
        place = {"HX-Current-URL": f"http://testserver/todos/{todo.pk}/{query}"}
        html = browser.get(f"/todos/{todo.pk}/?run=0", headers=asked | place).content.decode()
        assert ('data-key="b"' in html) is shown


def test_whoever_may_only_look_gets_no_buttons(eves: Client, eve: User) -> None:
    todo = plant(eve, subtasks=[{"content": "a"}])
    for path in ("/todos/", f"/todos/{todo.pk}/"):
        html = eves.get(path).content.decode()
        assert "/edit/" not in html
        assert "/run/" not in html
        assert "New todo" not in html


@pytest.mark.parametrize("query", ["", "?q=part"])
def test_a_tree_takes_the_same_queries_for_two_and_for_fifty(
    browser: Client, ada: User, django_assert_max_num_queries: DjangoAssertNumQueries, query: str
) -> None:
    counts = []
    for number in (2, 50):
        parts = [{"key": f"k{at}", "content": f"part {at}"} for at in range(number)]
        more = [{"content": f"part of {key}", "depends_on": ["k0"]} for key in "xyz"]
        todo = plant(ada, subtasks=[*parts, {"content": "parent", "subtasks": more}])
        with django_assert_max_num_queries(18) as taken:
            browser.get(f"/todos/{todo.pk}/{query}")
        counts.append(len(taken))
    assert counts[0] == counts[1]
