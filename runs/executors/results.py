"""What may be stored as a result: JSON that every database takes and every reader can read back.

Python's `json` writes things that PostgreSQL refuses, that cannot be read again, or that break the list they appear
in: NaN, NUL, half a surrogate pair, integers of 5,000 digits. Such a result fails its own attempt and nothing else.
"""

import json
import math
from typing import Any

MAX_DEPTH = 32
MAX_ERROR_CHARS = 10_000


class Unstorable(ValueError):
    """Says what is wrong with a result, as the end of a sentence that begins with "the result"."""


def encode(result: Any, max_bytes: int) -> bytes:
    """The result as UTF-8 JSON. Raises Unstorable; takes time in proportion to `max_bytes` at most."""
    _check(result, max_bytes)
    text = json.dumps(result, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    data = text.encode()
    if len(data) > max_bytes:
        raise Unstorable(f"has {len(data)} bytes, more than {max_bytes}")
    return data


def _check(result: Any, max_bytes: int) -> None:
    """Looks at every value once, with a list for a stack: what nests 100,000 deep must not end this process."""
    left = max_bytes
    stack = [(result, 1)]
    while stack:
        value, depth = stack.pop()
        if depth > MAX_DEPTH:
            raise Unstorable(f"nests deeper than {MAX_DEPTH}")
        left -= 1
        match value:
            case str():
                left -= len(value)
                _check_text(value)
            case None | bool():
                pass
            case int():
                if not -(2**63) <= value < 2**63:
                    raise Unstorable("has an integer of more than 64 bits")
            case float():
                if not math.isfinite(value):
                    raise Unstorable(f"has a number that JSON does not know: {value}")
            case list() | tuple():
                left -= len(value)
                stack += [(item, depth + 1) for item in value[: max(0, left) + 1]]
            case dict():
                left -= sum(_key_size(key) for key in value)
                stack += [(item, depth + 1) for item in value.values()]
            case _:
                raise Unstorable(f"has a value of type {type(value).__name__}, which JSON does not know")
        if left < 0:
            raise Unstorable(f"has more than {max_bytes} bytes")


def _key_size(key: Any) -> int:
    if not isinstance(key, str):
        raise Unstorable(f"has a key of type {type(key).__name__}, where JSON knows only text")
    _check_text(key)
    return len(key) + 1


def _check_text(text: str) -> None:
    if "\0" in text:
        raise Unstorable("has a NUL character")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Unstorable("has text that is not Unicode: half a surrogate pair") from None


def storable_text(data: str | bytes, most: int = MAX_ERROR_CHARS) -> str:
    """Any text or bytes as text that can be stored; what is not text becomes �. Cut after `most` characters."""
    if isinstance(data, str):
        data = data[:most].encode("utf-8", "replace")
    return data.decode("utf-8", "replace").replace("\0", "�")[:most]


def fitting(text: str, room: int) -> str:
    """As much of the text as fits into so many bytes of JSON, where what has to be escaped takes more of them."""
    while (size := len(json.dumps(text, ensure_ascii=False).encode())) > room:
        text = text[: max(0, len(text) * room // size - 1)]
    return text
