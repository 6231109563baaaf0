import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from todos.plan import graph
from todos.plan import outline as module
from todos.plan.outline import KEY, MAX_DEPTH, Item, OutlineError, Row, find_cycle, flatten, leaf_graph


def item(content: str, *children: Item, key: str | None = None, needs: tuple[str, ...] = ()) -> Item:
    return Item(content, key, needs, children)


def rows(*items: Item, limit: int = 1000, **options: object) -> list[Row]:
    return flatten(items, limit=limit, **options)  # type: ignore[arg-type]


def problems(*items: Item, **options: object) -> list[tuple[str, str]]:
    with pytest.raises(OutlineError) as caught:
        rows(*items, **options)  # type: ignore[arg-type]
    return [(problem.pointer, problem.detail) for problem in caught.value.problems]


def test_rows_come_in_reading_order_with_parents_and_places() -> None:
    found = rows(item("a", item("a1"), item("a2", item("a21"))), item("b"))
    assert [(row.key, row.parent, row.position, row.depth) for row in found] == [
        ("a", None, 0, 1),
        ("a1", "a", 0, 2),
        ("a2", "a", 1, 2),
        ("a21", "a2", 0, 3),
        ("b", None, 1, 1),
    ]
    assert [row.pointer for row in found] == [
        "/subtasks/0",
        "/subtasks/0/subtasks/0",
        "/subtasks/0/subtasks/1",
        "/subtasks/0/subtasks/1/subtasks/0",
        "/subtasks/1",
    ]
    assert found[0].children == ["a1", "a2"]


def test_pointers_begin_where_the_items_were_sent() -> None:
    assert [row.pointer for row in rows(item("a"), item("b"), pointer="")] == ["/0", "/1"]
    found = rows(item("a", item("b")), pointer="", bare=True)
    assert [row.pointer for row in found] == ["", "/subtasks/0"]


@pytest.mark.parametrize(
    ("content", "key"),
    [
        ("Find the modules", "find-the-modules"),
        ("  Über-Größe!  ", "ber-gr-e"),
        ("漢字", "task"),
        ("", "task"),
        ("a" * 100, "a" * 32),
        ("one two three four five six seven eight", "one-two-three-four-five-six"),
    ],
)
def test_a_key_is_made_of_the_first_words(content: str, key: str) -> None:
    assert rows(item(content))[0].key == key


def test_keys_that_are_made_up_avoid_those_that_are_there() -> None:
    found = rows(item("a"), item("a"), item("x", key="a"), item("A!"), taken=["a-2"])
    assert [row.key for row in found] == ["a-3", "a-4", "a", "a-5"]


@given(st.lists(st.text(max_size=40), max_size=30))
def test_keys_that_are_made_up_are_keys_and_unique(contents: list[str]) -> None:
    keys = [row.key for row in rows(*(item(content) for content in contents))]
    assert len(set(keys)) == len(keys)
    assert all(KEY.match(key) for key in keys)


def test_ten_thousand_equal_contents_get_keys_quickly() -> None:
    keys = [row.key for row in rows(*(item("same") for _ in range(10_000)), limit=10_000)]
    assert keys[-1] == "same-10000"


def test_keys_that_clash_are_all_named() -> None:
    assert problems(item("a", key="k"), item("b", item("c", key="k")), item("d", key="t"), taken=["t"]) == [
        ("/subtasks/1/subtasks/0/key", "the key 'k' is there already"),
        ("/subtasks/2/key", "the key 't' is there already"),
    ]


def test_unknown_dependencies_are_all_named() -> None:
    assert problems(item("a", needs=("x",)), item("b", key="b", needs=("a", "y"))) == [
        ("/subtasks/0/depends_on/0", "there is no subtask with the key 'x'"),
        ("/subtasks/1/depends_on/1", "there is no subtask with the key 'y'"),
    ]


def test_dependencies_on_what_is_there_are_known() -> None:
    assert rows(item("a", needs=("t",)), taken=["t"])[0].item.depends_on == ("t",)


@pytest.mark.parametrize("first", [1, 3, MAX_DEPTH])
def test_subtasks_nest_five_deep(first: int) -> None:
    def nested(levels: int) -> Item:
        return item("leaf") if levels == 1 else item("parent", nested(levels - 1))

    room = MAX_DEPTH - first + 1
    assert rows(nested(room), depth=first)[-1].depth == MAX_DEPTH
    assert problems(nested(room + 1), depth=first) == [
        ("/subtasks/0" + "/subtasks/0" * room, "subtasks nest at most 5 deep")
    ]


def test_the_limit_counts_leaves() -> None:
    assert len(rows(item("p", item("a"), item("b")), limit=2)) == 3
    assert problems(item("p", item("a"), item("b"), item("c")), limit=2) == [("/subtasks", "more than 2 subtasks")]


@pytest.mark.parametrize(
    ("needs", "parents", "cycle"),
    [
        ({"a": ["b"], "b": ["a"]}, {"a": None, "b": None}, ["a", "b", "a"]),
        ({"a": ["a"]}, {"a": None}, ["a", "a"]),
        # to depend on a parent is to depend on all below it: itself
        ({"child": ["parent"]}, {"parent": None, "child": "parent"}, ["child", "parent", "child"]),
        # a parent waits for what its child must be done before
        ({"parent": ["child"]}, {"parent": None, "child": "parent"}, ["parent", "child", "parent"]),
        ({"b": ["a2"], "a2": ["b"]}, {"a": None, "a2": "a", "b": None}, ["a2", "b", "a2"]),
        # through two parents: a's child needs all of b, b's child needs all of a
        (
            {"a1": ["b"], "b1": ["a"]},
            {"a": None, "a1": "a", "b": None, "b1": "b"},
            ["a", "a1", "b", "b1", "a"],
        ),
    ],
)
def test_a_cycle_through_parents_is_found(
    needs: dict[str, list[str]], parents: dict[str, str | None], cycle: list[str]
) -> None:
    found = find_cycle(needs, parents)
    assert found is not None
    assert found[0] == found[-1]
    assert set(found) == set(cycle)


def test_siblings_may_wait_for_each_other_in_turn() -> None:
    parents = {"p": None, "a": "p", "b": "p", "q": None}
    assert find_cycle({"b": ["a"], "q": ["p"]}, parents) is None


def test_a_cycle_of_an_outline_shows_its_path() -> None:
    found = problems(
        item("a", key="a", needs=("b",)), item("b", key="b", needs=("c",)), item("c", key="c", needs=("a",))
    )
    assert len(found) == 1
    assert re.fullmatch(r"/subtasks/\d/depends_on", found[0][0])
    path = found[0][1].removeprefix("a cycle: ").split(" → ")
    assert path[0] == path[-1]
    assert set(path) == {"a", "b", "c"}


@st.composite
def trees(draw: st.DrawFn) -> tuple[dict[str, list[str]], dict[str, str | None]]:
    size = draw(st.integers(1, 9))
    keys = [f"k{n}" for n in range(size)]
    parents = {key: draw(st.sampled_from([None, *keys[:at]])) for at, key in enumerate(keys)}
    needs = {key: draw(st.lists(st.sampled_from(keys), max_size=2, unique=True)) for key in keys}
    return needs, parents


@given(trees())
def test_what_has_no_cycle_has_an_order_of_leaves(tree: tuple[dict, dict]) -> None:
    needs, parents = tree
    leaves = leaf_graph(needs, parents)
    above = set(parents.values())
    assert list(leaves) == [key for key in parents if key not in above]
    if find_cycle(needs, parents) is None:
        assert graph.find_cycle(leaves) is None


def test_to_depend_on_a_parent_is_to_depend_on_its_leaves() -> None:
    parents = {"p": None, "a": "p", "q": "p", "b": "q", "c": None, "d": "c"}
    assert leaf_graph({"c": ["p"], "b": ["a"]}, parents) == {"a": [], "b": ["a"], "d": ["a", "b"]}


def test_too_many_dependencies_between_leaves_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_EDGES", 3)
    parents = {"p": None, "a": "p", "b": "p", "q": None, "c": "q", "d": "q"}
    with pytest.raises(OutlineError, match="more than 3 dependencies"):
        leaf_graph({"q": ["p"]}, parents)
    assert leaf_graph({"c": ["p"]}, parents)["c"] == ["a", "b"]
