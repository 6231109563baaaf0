import itertools
import random

from runs.engine.layout import BEND_HEIGHT, Layout, Place, layered

DIAMOND: list[list[int]] = [[], [0], [0], [1, 2]]


def crossings(laid: Layout) -> int:
    """How many pairs of lines between two neighbouring columns cross."""
    pieces = [pair for points in laid.lines.values() for pair in itertools.pairwise(points)]
    return sum(
        left.column == other.column and (left.row - other.row) * (right.row - beyond.row) < 0
        for at, (left, right) in enumerate(pieces)
        for other, beyond in pieces[at + 1 :]
    )


def drawn(seed: int, count: int = 60) -> list[list[int]]:
    chance = random.Random(seed)
    return [sorted({chance.randrange(at) for _ in range(chance.randrange(3))}) if at else [] for at in range(count)]


def test_what_is_needed_stands_left_of_what_needs_it() -> None:
    needs = drawn(1)
    laid = layered(needs)
    for after, befores in enumerate(needs):
        assert all(laid.places[before].column < laid.places[after].column for before in befores)
    assert laid.columns == 1 + max(place.column for place in laid.places)


def test_nodes_of_a_column_never_overlap() -> None:
    for seed in range(20):
        laid = layered(drawn(seed))
        rows: dict[int, list[float]] = {}
        for place in laid.places:
            rows.setdefault(place.column, []).append(place.row)
        for column in rows.values():
            column.sort()
            assert all(below - above > 0.999 for above, below in itertools.pairwise(column))
        assert min(place.row for place in laid.places) >= 0
        assert max(place.row for place in laid.places) <= laid.rows - 1 + 1e-9


def test_the_same_graph_gives_the_same_picture() -> None:
    assert layered(drawn(3)) == layered(drawn(3))


def test_two_ways_between_the_same_nodes_lie_around_their_middle() -> None:
    laid = layered(DIAMOND)
    first, upper, lower, last = laid.places
    assert (upper.row, lower.row) == (0, 1)
    assert first.row == last.row == 0.5
    assert crossings(laid) == 0


def test_nodes_are_put_in_an_order_in_which_fewer_lines_cross() -> None:
    """Each of the second column needs just one of the first, in the opposite order."""
    needs: list[list[int]] = [[], [], [], [], [3], [2], [1], [0]]
    assert crossings(layered(needs)) == 0


def test_a_long_line_has_a_place_of_its_own_in_each_column_it_passes() -> None:
    laid = layered([[], [0], [1], [0, 2]])
    points = laid.lines[0, 3]
    assert [point.column for point in points] == [0, 1, 2, 3]
    for point in points[1:-1]:
        beside = next(place for place in laid.places if place.column == point.column)
        assert abs(point.row - beside.row) > BEND_HEIGHT / 2 + 0.49


def test_a_need_that_closes_a_circle_is_drawn_and_moves_nothing() -> None:
    laid = layered([[1], [0]])
    assert [place.column for place in laid.places] == [0, 1]
    assert set(laid.lines) == {(0, 1), (1, 0)}


def test_nothing_at_all_is_a_picture_too() -> None:
    assert layered([]) == Layout([], {}, 0, 0.0)
    assert layered([[]]).places == [Place(0, 0.0)]
