"""Which nodes a large graph is shown with: groups of subtasks, and those that somebody has opened.

Pure. A group is a stretch of subtasks that belong together; it opens into its subtasks, or, where those are many, into
smaller stretches. What is open stands in the address, so that a link leads to it.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

MOST_NODES = 200  # above, there are groups
MOST_GROUPS = 40
MOST_MEMBERS = 60  # a group of more opens into groups


@dataclass(frozen=True, slots=True)
class Group:
    """`name` is its own in the address: "3", and of what it opens into "3.0", "3.1" and so on."""

    name: str
    label: str
    members: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """`nodes`: in an order in which what is needed comes first as far as that is possible; a bare subtask is its index.
    `open`: the groups that are open; `refused`: those that were to be, had there been room."""

    nodes: list[Group | int]
    open: list[Group]
    refused: list[Group]


def show(values: Sequence[Hashable], labels: Sequence[str], opened: Sequence[str]) -> Shown:
    """`values`: what each subtask is grouped by; `labels`: the name of its group. Those with one value are together."""
    if len(values) <= MOST_NODES:
        return Shown(list(range(len(values))), [], [])
    nodes: list[Group | int] = list(_by_value(values, labels))
    known = {node.name: node for node in nodes if isinstance(node, Group)}
    done: list[Group] = []
    refused: list[Group] = []
    for name in sorted(set(opened), key=lambda name: (name.count("."), opened.index(name))):
        if name not in known:
            continue
        inside = _inside(known[name])
        if len(nodes) - 1 + len(inside) > MOST_NODES:
            refused.append(known[name])
            continue
        done.append(known[name])
        nodes = [node for node in nodes if node != known[name]] + inside
        known |= {node.name: node for node in inside if isinstance(node, Group)}
    return Shown(sorted(nodes, key=_first), done, refused)


def _first(node: Group | int) -> int:
    return node if isinstance(node, int) else node.members[0]


def _by_value(values: Sequence[Hashable], labels: Sequence[str]) -> list[Group]:
    """A group for each value; where there are too many, neighbours share one."""
    found: dict[Hashable, list[int]] = {}
    for at, value in enumerate(values):
        found.setdefault(value, []).append(at)
    groups = list(found.values())
    together = -(-len(groups) // MOST_GROUPS)
    made = []
    for number, at in enumerate(range(0, len(groups), together)):
        parts = groups[at : at + together]
        first, last = labels[parts[0][0]], labels[parts[-1][0]]
        label = first if first == last else f"{first} – {last}"
        made.append(Group(str(number), label, tuple(sorted(member for part in parts for member in part))))
    return made


def _inside(group: Group) -> list[Group | int]:
    """What a group opens into."""
    if len(group.members) <= MOST_MEMBERS:
        return list(group.members)
    size = max(-(-len(group.members) // MOST_GROUPS), MOST_MEMBERS // 2)
    stretches = [group.members[at : at + size] for at in range(0, len(group.members), size)]
    return [Group(f"{group.name}.{number}", group.label, part) for number, part in enumerate(stretches)]
