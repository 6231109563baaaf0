import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from dashboard.views import subtasks
from runs.models import Subtask
from tests.scenes import Scene, scene

pytestmark = pytest.mark.django_db


@pytest.fixture
def there(ada: User) -> Scene:
    made = scene(ada, ["read.cart", "read.stock", "note", "merge"], {"merge": ["note"]}, max_agents=2)
    made.start("read.cart", "read.stock")
    made.complete("read.cart")
    return made


def keys(client: Client, there: Scene, query: str = "") -> list[str]:
    response = client.get(f"/runs/{there.run_id}/subtasks/{query}")
    assert response.status_code == 200
    return [row.subtask.key for row in response.context["rows"]]


def test_the_table_begins_with_what_moves(browser: Client, there: Scene) -> None:
    assert keys(browser, there) == ["read.stock", "note", "merge", "read.cart"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?status=pending", ["note", "merge"]),
        ("?q=read", ["read.stock", "read.cart"]),
        ("?order=key", ["merge", "note", "read.cart", "read.stock"]),
        ("?order=position&q=read", ["read.cart", "read.stock"]),
        ("?status=skipped", []),
        ("?status=nonsense&order=nonsense&cursor=nonsense", ["read.stock", "note", "merge", "read.cart"]),
        ("?q=%00%00", ["read.stock", "note", "merge", "read.cart"]),
    ],
)
def test_filters_search_and_order_are_in_the_address(
    browser: Client, there: Scene, query: str, found: list[str]
) -> None:
    assert keys(browser, there, query) == found


def test_a_column_sorts_one_way_then_the_other(browser: Client, there: Scene) -> None:
    def time(query: str = "") -> tuple[str, str]:
        columns = browser.get(f"/runs/{there.run_id}/subtasks/{query}").context["columns"]
        return next((column.href, column.sorted) for column in columns if column.title == "Time")

    here = f"/runs/{there.run_id}/subtasks/"
    assert time() == (f"{here}?order=-time", "")
    assert time("?order=-time") == (f"{here}?order=time", "descending")
    assert time("?order=time&status=pending") == (f"{here}?status=pending&order=-time", "ascending")
    assert 'aria-sort="descending"' in browser.get(f"{here}?order=-time").content.decode()
    assert keys(browser, there, "?order=-key") == ["read.stock", "read.cart", "note", "merge"]


def test_chips_carry_their_counts_and_keep_the_other_filters(browser: Client, there: Scene) -> None:
    chips = browser.get(f"/runs/{there.run_id}/subtasks/?q=read&order=key").context["chips"]
    shown = {chip.word: (chip.count, chip.current) for chip in chips}
    assert shown == {
        "all": (4, True),
        "in progress": (1, False),
        "failed": (0, False),
        "pending": (2, False),
        "completed": (1, False),
    }
    pending = next(chip for chip in chips if chip.word == "pending")
    assert pending.href == f"/runs/{there.run_id}/subtasks/?status=pending&q=read&order=key"


def test_only_the_table_is_sent_when_only_the_table_is_asked_for(browser: Client, there: Scene) -> None:
    response = browser.get(f"/runs/{there.run_id}/subtasks/", headers={"HX-Target": "section#subtask-table"})
    html = response.content.decode()
    assert html.strip().startswith('<section class="panel may-pick" id="subtask-table"')
    assert "HX-Target" in response["Vary"]


def test_the_table_asks_for_itself_with_its_filters(browser: Client, there: Scene) -> None:
    html = browser.get(f"/runs/{there.run_id}/subtasks/?status=pending").content.decode()
    assert f'hx-get="/runs/{there.run_id}/subtasks/?status=pending&amp;keep=' in html


def test_a_subtask_opens_beside_the_table(browser: Client, there: Scene) -> None:
    html = browser.get(f"/runs/{there.run_id}/subtasks/note/?status=pending").content.decode()
    assert 'id="subtask-drawer" data-key="note"' in html
    assert 'id="subtask-table"' in html
    assert f'href="/runs/{there.run_id}/subtasks/?status=pending" data-closes-drawer' in html


@pytest.mark.parametrize("target", ["div#drawer", "aside#subtask-drawer"])
def test_only_the_drawer_is_sent_when_only_the_drawer_is_asked_for(browser: Client, there: Scene, target: str) -> None:
    html = browser.get(f"/runs/{there.run_id}/subtasks/note/", headers={"HX-Target": target}).content.decode()
    assert html.strip().startswith("<aside")
    assert "subtask-table" not in html


def test_hostile_output_and_results_are_text_in_the_drawer(browser: Client, ada: User) -> None:
    there = scene(ada, "a")
    there.start("a")
    there.print("a", "\x1b]8;;javascript:alert(1)\x07<script>alert('output')</script>\n")
    there.fail("a", error="<script>alert('error')</script>")
    Subtask.objects.update(result={"x": "<script>alert('result')</script>"}, executor={"name": "<script>"})
    html = browser.get(f"/runs/{there.run_id}/subtasks/a/").content.decode()
    for place in ("output", "error", "result"):
        assert f"<script>alert('{place}')" not in html
        assert f"&lt;script&gt;alert(&#x27;{place}&#x27;)" in html
    assert "javascript:" not in html


def test_a_large_run_is_searched_by_how_keys_begin(
    browser: Client, there: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runs.reading.browse.SEARCHED_WHOLE", 3)
    html = browser.get(f"/runs/{there.run_id}/subtasks/").content.decode()
    assert "Key begins with…" in html


def test_pages_keep_their_filters(browser: Client, there: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subtasks, "A_PAGE", 1)
    response = browser.get(f"/runs/{there.run_id}/subtasks/?status=pending")
    cursor = response.context["page"].next
    assert f"?status=pending&amp;cursor={cursor}" in response.content.decode()
    assert keys(browser, there, f"?status=pending&cursor={cursor}") == ["merge"]


@pytest.mark.parametrize("path", ["subtasks/", "subtasks/k0/"])
def test_the_table_takes_the_same_queries_for_two_and_for_fifty(
    browser: Client, ada: User, django_assert_max_num_queries: DjangoAssertNumQueries, path: str
) -> None:
    counts = []
    for number in (5, 60):
        keys = [f"k{at}" for at in range(number)]
        there = scene(ada, keys, {keys[2]: keys[:2]}, max_agents=2)
        there.start("k0")
        with django_assert_max_num_queries(20) as taken:
            browser.get(f"/runs/{there.run_id}/{path}")
        counts.append(len(taken))
    assert counts[0] == counts[1]


def test_subtasks_that_one_agent_has_tried_can_be_asked_for(browser: Client, ada: User) -> None:
    made = scene(ada, "abc", max_agents=3)
    made.start("a", agent="agent-1")
    made.start("b", agent="agent-2")
    html = browser.get(f"/runs/{made.run_id}/subtasks/", {"agent": "agent-2"}).content.decode()
    assert 'data-key="b"' in html
    assert 'data-key="a"' not in html
    assert "those that agent-2 has tried" in html
    assert f'href="/runs/{made.run_id}/subtasks/?status=failed&amp;agent=agent-2"' in html
    assert "No subtask is like that" in browser.get(f"/runs/{made.run_id}/subtasks/?agent=nobody").content.decode()


def kept(client: Client, there: Scene, query: str, *there_now: str) -> tuple[list[str], str]:
    """The keys of the rows when the table asks for itself again, and what it says of their order."""
    ids = ",".join(str(there.subtask(key).pk) for key in there_now)
    path = f"/runs/{there.run_id}/subtasks/?{query}&keep={ids}"
    response = client.get(path, headers={"HX-Target": "section#subtask-table"})
    page = response.content.decode()
    said = response.context["order_changed"]
    assert ("Sort again" in page) == bool(said)
    return [row.subtask.key for row in response.context["rows"]], said


def test_rows_that_are_there_stay_where_they_are(browser: Client, there: Scene) -> None:
    now = ["read.stock", "note", "merge", "read.cart"]
    assert kept(browser, there, "", *now) == (now, "")
    there.complete("read.stock")
    assert kept(browser, there, "", *now) == (now, "Order changed")
    page = browser.get(f"/runs/{there.run_id}/subtasks/").content.decode()
    ids = ",".join(str(there.subtask(key).pk) for key in keys(browser, there))
    assert f'keep={ids}"' in page and "Sort again" not in page


def test_what_is_new_comes_below_while_there_is_room_and_is_counted_else(
    browser: Client, there: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    pending = ["note", "merge"]
    assert kept(browser, there, "status=in_progress", "note") == (["note", "read.stock"], "Order changed")
    monkeypatch.setattr(subtasks, "A_PAGE", 2)
    assert kept(browser, there, "status=in_progress", *pending) == (pending, "1 new")
    assert kept(browser, there, "status=pending", *pending) == (pending, "")


@pytest.mark.parametrize("keep", ["", "x", ",,x", "-1", "999999999999999999999", "0", "9" * 400])
def test_rows_that_are_none_of_the_run_are_not_kept(browser: Client, there: Scene, ada: User, keep: str) -> None:
    other = scene(ada, ["secret"]).subtask("secret").pk
    for asked in (keep, f"{keep},{other}"):
        assert keys(browser, there, f"?keep={asked}") == ["read.stock", "note", "merge", "read.cart"]
