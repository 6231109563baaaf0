"""Taking values out of what anybody may have sent: what is not as it should be is not there."""

from collections.abc import Mapping
from typing import Any

MOST_TOKENS = 2**40


def mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def text(source: Mapping[str, Any], *names: str, most: int = 10_000) -> str | None:
    """The first of these that is text with something in it, cut to `most` characters."""
    for name in names:
        value = source.get(name)
        if isinstance(value, str) and value.strip():
            return value.strip()[:most]
    return None


def word(source: Mapping[str, Any], *names: str) -> str | None:
    """An id or a name: text of 200 characters at most, or a whole number."""
    for name in names:
        value = source.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        if isinstance(value, str) and 0 < len(value.strip()) <= 200:
            return value.strip()
    return None


def number(source: Mapping[str, Any], *names: str) -> int:
    """The sum of those of these that are whole numbers and not negative."""
    found = [source.get(name) for name in names]
    return min(MOST_TOKENS, sum(one for one in found if isinstance(one, int) and not isinstance(one, bool) and one > 0))


def first_line(said: str, most: int = 200) -> str:
    line = said.strip().splitlines()[0].strip() if said.strip() else ""
    return line if len(line) <= most else line[: most - 1] + "…"
