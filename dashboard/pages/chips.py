"""The filters by status over a table, as links."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

_WORDS = {"waiting": "waits for you"}


@dataclass(frozen=True, slots=True)
class Chip:
    word: str
    href: str
    status: str
    current: bool


def by_status(href: str, statuses: Iterable[str], wanted: Mapping[str, str]) -> list[Chip]:
    """One for all and one for each status. `wanted`: the query as it is; what else it asks for stays."""
    return [_chip(href, status, wanted) for status in ("", *statuses)]


def _chip(href: str, status: str, wanted: Mapping[str, str]) -> Chip:
    word = _WORDS.get(status) or status.replace("_", " ") or "all"
    return Chip(word, address(href, {**wanted, "status": status}), status, status == wanted["status"])


def address(href: str, query: Mapping[str, str]) -> str:
    """Without what is empty."""
    text = urlencode({name: value for name, value in query.items() if value})
    return href + (f"?{text}" if text else "")
