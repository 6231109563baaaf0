from dashboard.pages.graph_groups import MOST_GROUPS, MOST_NODES, Group, show


def shown(total: int, groups: int, *opened: str) -> list[Group | int]:
    values = [at * groups // total for at in range(total)]
    return show(values, [f"group {value}" for value in values], opened).nodes


def members(nodes: list[Group | int]) -> list[int]:
    return sorted(member for node in nodes for member in ([node] if isinstance(node, int) else node.members))


def test_few_subtasks_are_shown_one_by_one() -> None:
    assert shown(MOST_NODES, 3) == list(range(MOST_NODES))


def test_many_subtasks_are_shown_in_groups_by_value() -> None:
    nodes = shown(MOST_NODES + 1, 3)
    assert [node.label for node in nodes if isinstance(node, Group)] == ["group 0", "group 1", "group 2"]
    assert members(nodes) == list(range(MOST_NODES + 1))


def test_neighbours_share_a_group_where_there_are_too_many() -> None:
    nodes = shown(10_000, 500)
    assert len(nodes) <= MOST_GROUPS
    assert isinstance(nodes[0], Group)
    assert nodes[0].label == "group 0 – group 12"
    assert members(nodes) == list(range(10_000))


def test_an_open_group_shows_its_subtasks_in_its_place() -> None:
    nodes = shown(300, 6, "1")
    assert len(nodes) == 5 + 50
    assert nodes[1] == 50
    assert members(nodes) == list(range(300))


def test_a_large_group_opens_into_groups_and_these_again() -> None:
    halves = shown(10_000, 2, "0")
    assert {node.name for node in halves if isinstance(node, Group)} > {"0.0", "0.1", "1"}
    deeper = shown(10_000, 2, "0", "0.1", "0.1.0")
    assert any(isinstance(node, int) for node in deeper)
    assert members(deeper) == list(range(10_000))


def test_what_would_be_too_many_stays_closed_and_is_named() -> None:
    values = [at // 60 for at in range(600)]
    found = show(values, [str(value) for value in values], [str(value) for value in range(10)])
    assert len(found.nodes) <= MOST_NODES
    assert [group.name for group in found.open] == ["0", "1", "2"]
    assert [group.name for group in found.refused] == [str(value) for value in range(3, 10)]
    assert members(found.nodes) == list(range(600))


def test_names_that_mean_nothing_open_nothing() -> None:
    assert shown(300, 6, "x", "99", "0.0", "") == shown(300, 6)
