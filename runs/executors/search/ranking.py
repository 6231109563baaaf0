"""One ranking out of several, by reciprocal rank fusion: what stands at place r of a strategy gains 1 / (60 + r).

(Cormack, Clarke, Büttcher: Reciprocal Rank Fusion outperforms Condorcet and individual rank learning methods, SIGIR
2009; the 60 is theirs.) Scores of different strategies cannot be compared, their places can. What several strategies
found adds up. Then definitions gain, above all those of just that name, and so do files whose names have the query.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from runs.executors.search.matching import Needle

STRATEGIES = ("symbols", "imports", "files", "content")  # what says most about a line first
K = 60
DEFINITION, OF_THAT_NAME, IN_ITS_PATH = 1.5, 2.0, 1.25


@dataclass(frozen=True, slots=True)
class Hit:
    """A line that a strategy found (the file itself: None). `exact`: it is about just that name."""

    path: str
    line: int | None
    text: str
    exact: bool = False


@dataclass(slots=True)
class _Place:
    """What all strategies say of a line."""

    hit: Hit
    strategy: str
    score: float


def fused(found: Mapping[str, Iterable[Hit]], needle: Needle) -> list[dict[str, Any]]:
    """The matches of all strategies, each best first, as one list, best first; a line is in it once."""
    places: dict[tuple[str, int | None], _Place] = {}
    for strategy in STRATEGIES:
        for rank, hit in enumerate(found.get(strategy, ()), start=1):
            place = places.setdefault((hit.path, hit.line), _Place(hit, strategy, 0.0))
            place.score += 1 / (K + rank)
    for place in places.values():
        place.score *= _boost(place, needle)
    ranked = sorted(places.values(), key=lambda place: (-place.score, place.hit.path, place.hit.line or 0))
    return [_as_match(place) for place in ranked]


def _boost(place: _Place, needle: Needle) -> float:
    boost = IN_ITS_PATH if needle.within(place.hit.path) else 1.0
    if place.strategy == "symbols":
        boost *= DEFINITION * (OF_THAT_NAME if place.hit.exact else 1.0)
    return boost


def _as_match(place: _Place) -> dict[str, Any]:
    hit = place.hit
    match = {"path": hit.path, "line": hit.line, "text": hit.text, "strategy": place.strategy}
    return match | {"score": round(place.score, 6)}


def files(found: Mapping[str, Iterable[str]], matches: Iterable[dict[str, Any]]) -> list[str]:
    """All files that any strategy found, each once: those of the best matches first, then the others by name."""
    first = dict.fromkeys(match["path"] for match in matches)
    rest = sorted({path for paths in found.values() for path in paths} - first.keys())
    return [*first, *rest]
