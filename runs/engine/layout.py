"""A picture of dependencies, left to right: what needs nothing stands first, and everything right of all it needs.

The usual three steps of a layered drawing (Sugiyama, Tagawa and Toda 1981): a column for each node, an order within the
columns in which few lines cross, and heights near those of the neighbours. The same graph gives the same picture.
Lines that pass over columns get a place of their own there, so that they do not run through nodes.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

SWEEPS = 4
MOST_BENDS = 2_000  # beyond, long lines go straight: the picture is a thicket anyway
BEND_HEIGHT = 0.4  # of what a node takes


@dataclass(frozen=True, slots=True)
class Place:
    """`row` is counted in nodes from the top, and need not be whole."""

    column: int
    row: float


@dataclass(slots=True)
class Layout:
    """Where each node stands, and over which places the line of each need goes, both its ends among them."""

    places: list[Place]
    lines: dict[tuple[int, int], list[Place]]
    columns: int
    rows: float


def layered(needs: Sequence[Sequence[int]]) -> Layout:
    """`needs`: for each node the nodes it needs, as indices. A need that does not come before its node in the sequence
    closes a circle, perhaps: it is drawn, but moves nothing."""
    columns = _columns(needs)
    net = _Net(columns)
    lines = _thread(net, needs, columns)
    net.arrange()
    rows = net.heights()
    top = min(rows, default=0.0)
    places = [Place(column, rows[at] - top) for at, column in enumerate(net.column)]
    return Layout(
        places[: len(needs)],
        {ends: [places[point] for point in points] for ends, points in lines.items()},
        1 + max(columns, default=-1),
        1 + max((place.row for place in places), default=-1.0),
    )


def _columns(needs: Sequence[Sequence[int]]) -> list[int]:
    columns: list[int] = []
    for at, befores in enumerate(needs):
        columns.append(1 + max((columns[before] for before in befores if before < at), default=-1))
    return columns


@dataclass(slots=True)
class _Net:
    """Nodes and bends, each linked to those in the columns beside its own."""

    column: list[int]
    before: list[list[int]] = field(default_factory=list)
    after: list[list[int]] = field(default_factory=list)
    nodes: int = 0
    layers: list[list[int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.column = list(self.column)
        self.nodes = len(self.column)
        self.before = [[] for _ in self.column]
        self.after = [[] for _ in self.column]

    def bend(self, column: int) -> int:
        self.column.append(column)
        self.before.append([])
        self.after.append([])
        return len(self.column) - 1

    def link(self, left: int, right: int) -> None:
        self.after[left].append(right)
        self.before[right].append(left)

    def arrange(self) -> None:
        """Orders each column by where the neighbours stand on average, to and fro."""
        self.layers = [[] for _ in range(1 + max(self.column, default=-1))]
        for point, column in enumerate(self.column):
            self.layers[column].append(point)
        order = {point: float(at) for layer in self.layers for at, point in enumerate(layer)}
        for sweep in range(SWEEPS):
            forwards = sweep % 2 == 0
            beside = self.before if forwards else self.after
            for layer in self.layers if forwards else reversed(self.layers):
                layer.sort(key=lambda point: _mean(order, beside[point], order[point]))
                order.update((point, float(at)) for at, point in enumerate(layer))

    def heights(self) -> list[float]:
        """Each as near to its neighbours as the order and the room allow."""
        rows = [0.0] * len(self.column)
        for layer in self.layers:
            self._stack(rows, layer, [0.0] * len(layer))
        for sweep in range(SWEEPS):
            forwards = sweep % 2 == 0
            beside = self.before if forwards else self.after
            for layer in self.layers if forwards else reversed(self.layers):
                self._stack(rows, layer, [_mean(rows, beside[point], rows[point]) for point in layer])
        return rows

    def _stack(self, rows: list[float], layer: list[int], wanted: list[float]) -> None:
        """Puts a column in order, none closer than it may be, and its middle where theirs would be."""
        free = float("-inf")
        for at, (point, row) in enumerate(zip(layer, wanted)):
            rows[point] = max(row, free)
            if at + 1 < len(layer):
                free = rows[point] + (self._size(point) + self._size(layer[at + 1])) / 2
        gap = sum(rows[point] - row for point, row in zip(layer, wanted)) / len(layer) if layer else 0.0
        for point in layer:
            rows[point] -= gap

    def _size(self, point: int) -> float:
        return 1.0 if point < self.nodes else BEND_HEIGHT


def _thread(net: _Net, needs: Sequence[Sequence[int]], columns: Sequence[int]) -> dict[tuple[int, int], list[int]]:
    """Links the net, with bends where a line passes over columns. Gives the points of each line."""
    ends = [(before, after) for after, befores in enumerate(needs) for before in befores]
    over = sum(max(0, columns[after] - columns[before] - 1) for before, after in ends)
    lines = {}
    for before, after in ends:
        between = range(columns[before] + 1, columns[after]) if over <= MOST_BENDS else range(0)
        points = [before, *map(net.bend, between), after]
        lines[before, after] = points
        if before < after and (between or columns[after] - columns[before] == 1):
            for left, right in itertools.pairwise(points):
                net.link(left, right)
    return lines


def _mean(at: Mapping[int, float] | Sequence[float], points: Sequence[int], alone: float) -> float:
    return sum(at[point] for point in points) / len(points) if points else alone
