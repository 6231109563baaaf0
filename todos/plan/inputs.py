"""Results of other subtasks as the inputs of one: which are named, and how they are picked from what is there.

`{"files": {"from": "scan", "pointer": "/files"}}` takes a part of one result; a list of keys under `from` gives an
object of their results, key by key; with `"completed": true`, which only a reducer has, of those that have one.
"""

from collections.abc import Mapping
from typing import Any


class MissingInput(LookupError):
    """An input names what is not there; the message says what."""


def keys(inputs: Mapping[str, Any]) -> set[str]:
    """The subtasks whose results are wanted."""
    found: set[str] = set()
    for wanted in inputs.values():
        source = wanted["from"]
        found.update([source] if isinstance(source, str) else source)
    return found


def pick(inputs: Mapping[str, Any], results: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs by name. Raises MissingInput for a subtask that has no result, or a pointer that leads nowhere."""
    return {name: _one(name, wanted, results) for name, wanted in inputs.items()}


def _one(name: str, wanted: Mapping[str, Any], results: Mapping[str, Any]) -> Any:
    source, pointer = wanted["from"], wanted.get("pointer", "")
    if isinstance(source, str):
        return _part(name, source, pointer, results)
    wanted_keys = [key for key in source if key in results] if wanted.get("completed") else source
    return {key: _part(name, key, pointer, results) for key in wanted_keys}


def _part(name: str, key: str, pointer: str, results: Mapping[str, Any]) -> Any:
    if key not in results:
        raise MissingInput(f"the input {name!r} wants the result of {key!r}, which has none")
    try:
        return follow(results[key], pointer)
    except LookupError:
        raise MissingInput(f"the input {name!r} finds nothing at {pointer!r} in the result of {key!r}") from None


def follow(value: Any, pointer: str) -> Any:
    """What a JSON Pointer (RFC 6901) leads to. Raises LookupError when that is nothing."""
    for part in pointer.split("/")[1:]:
        part = part.replace("~1", "/").replace("~0", "~")
        if isinstance(value, list):
            if not part.isascii() or not part.isdigit():
                raise LookupError(pointer)
            value = value[int(part)]
        elif isinstance(value, dict):
            value = value[part]
        else:
            raise LookupError(pointer)
    return value
