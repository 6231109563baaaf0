import pytest
from django.test import Client

from tests.dashboard.views.changing import order, said
from tests.factories import keys
from todos import actions
from todos.models import Todo
from todos.principal import for_person
from todos.wire.inputs import TodoChanges

pytestmark = pytest.mark.django_db


# ---- places ----


@pytest.mark.parametrize(
    ("key", "to", "found"),
    [
        ("b", "up", ["b", "a", "c"]),
        ("b", "down", ["a", "c", "b"]),
        ("c", "down", ["a", "b", "c"]),
        ("c", "0", ["c", "a", "b"]),
        ("a", "99", ["b", "c", "a"]),
        ("c", "in", ["a", "b"]),
        ("b1", "out", ["a", "b", "b1", "c"]),
    ],
)
def test_a_todo_can_be_moved(browser: Client, there: Todo, key: str, to: str, found: list[str]) -> None:
    browser.post(f"/todos/{keys(there)[key].pk}/move/", {"to": to})
    assert order(there) == found


def test_nesting_puts_it_below_the_one_before_it(browser: Client, there: Todo) -> None:
    browser.post(f"/todos/{keys(there)['c'].pk}/move/", {"to": "in"})
    assert order(keys(there)["b"]) == ["b1", "c"]


@pytest.mark.parametrize(("key", "to"), [("a", "up"), ("a", "in"), ("a", "out"), ("b", "nonsense"), ("b", "")])
def test_where_there_is_no_place_it_stays_and_says_so(browser: Client, there: Todo, key: str, to: str) -> None:
    response = browser.post(f"/todos/{keys(there)[key].pk}/move/", {"to": to})
    assert said(response) == "It cannot be moved there. Nothing was changed."
    assert order(there) == ["a", "b", "c"]


def test_the_top_of_a_tree_cannot_be_moved(browser: Client, there: Todo) -> None:
    assert "stays where it is" in said(browser.post(f"/todos/{there.pk}/move/", {"to": "up"}))


def test_a_move_that_would_close_a_cycle_names_it(browser: Client, there: Todo) -> None:
    below = keys(there)
    actions.edit(for_person(there.owner), below["a"], TodoChanges(depends_on=["b"]))
    response = browser.post(f"/todos/{below['c'].pk}/move/", {"to": "in"})
    assert said(response) == "A cycle: a → b → c → a. Nothing was changed."
    assert order(there) == ["a", "b", "c"]


# ---- needs ----


def needs(todo: Todo) -> list[str]:
    return list(todo.needs.order_by("pk").values_list("before__key", flat=True))


def test_needs_are_picked_among_those_it_can_have(browser: Client, there: Todo) -> None:
    picker = browser.get(f"/todos/{keys(there)['c'].pk}/needs/").context["picker"]
    assert [one.key for one in picker.chosen] == ["a"]
    assert [one.key for one in picker.offered] == ["b", "b1"]
    picker = browser.get(f"/todos/{keys(there)['b1'].pk}/needs/").context["picker"]
    assert [one.key for one in picker.offered] == ["a", "c"]


def test_looking_for_others_keeps_what_is_chosen_and_saves_nothing(browser: Client, there: Todo) -> None:
    todo = keys(there)["c"]
    picker = browser.post(f"/todos/{todo.pk}/needs/", {"key": ["b1"], "q": "FIR"}).context["picker"]
    assert ([one.key for one in picker.chosen], [one.key for one in picker.offered]) == (["b1"], ["a"])
    assert needs(todo) == ["a"]


def test_what_is_chosen_is_saved(browser: Client, there: Todo) -> None:
    todo = keys(there)["c"]
    response = browser.post(f"/todos/{todo.pk}/needs/", {"key": ["b", "a"], "save": "1"})
    assert (needs(todo), said(response)) == (["b", "a"], "c needs b, a.")
    assert said(browser.post(f"/todos/{todo.pk}/needs/", {"save": "1"})) == "c needs nothing."
    assert needs(todo) == []


@pytest.mark.parametrize(
    ("chosen", "detail"),
    [
        (["c"], "A cycle: a → c → a"),
        (["nobody"], "There is no subtask with the key &#x27;nobody&#x27;"),
        (["no key"], "String should match"),
        (["x" * 100_000], "String should match"),
    ],
)
def test_a_need_that_cannot_be_is_refused_in_place(
    browser: Client, there: Todo, chosen: list[str], detail: str
) -> None:
    todo = keys(there)["a"]
    response = browser.post(f"/todos/{todo.pk}/needs/", {"key": chosen, "save": "1"})
    assert response.status_code == 422
    assert detail in response.content.decode()
    assert needs(todo) == []


def test_the_top_of_a_tree_needs_nothing(browser: Client, there: Todo) -> None:
    response = browser.post(f"/todos/{there.pk}/needs/", {"key": ["a"], "save": "1"})
    assert (response.status_code, "depends on nothing" in response.content.decode()) == (422, True)
