"""A run to watch for whoever is new: a release that is only rehearsed, which its title says.

Its work takes time and does nothing else. Some of it takes longer or less long than was estimated, browser tests share
the connections of a database, and one of them fails at its first try.
"""

from collections.abc import Sequence
from itertools import cycle
from typing import Any

AGENTS = 6

_APPS = ("accounts", "billing", "catalog", "checkout", "mail", "orders", "payments", "search", "shipping", "stock")
_PAGES = ("install", "tutorial", "guide", "reference", "changes")
_PLATFORMS = ("linux-x64", "linux-arm", "macos", "windows")
_TAKES = (1.0, 1.3, 0.8, 1.1, 0.7, 1.5, 0.9)  # times its estimate, in turn
_DATABASE = [{"kind": "database", "name": "demo-db", "amount": 5}]  # of the 10 there are: two at a time


def release(times: float = 1.0) -> dict[str, Any]:
    """The todo, as one sends it. On six agents it takes some 25 s; `times`: how many times as long."""
    parts = [
        _group(
            "lint", "Lint", [_part("format", 1.2), _part("types", 5.5), _part("links", 2.4), _part("licences", 0.8)]
        ),
        _group("unit", "Unit tests", [_part(f"unit-{app}", 1.5 + 0.6 * (at % 3)) for at, app in enumerate(_APPS)]),
        _part("wheel", 2.0, "Build the wheel", ["lint"]),
        _group("browser", "Browser tests", [_browser(at) for at in range(1, 6)], ["wheel"]),
        _group("docs", "Documentation", [_part(f"docs-{page}", 1.1, f"Build {page}", ["links"]) for page in _PAGES]),
        _group("images", "Images", [_part(f"image-{on}", 5.0, f"Image for {on}") for on in _PLATFORMS], ["wheel"]),
        _group("scans", "Scans", [_part(f"scan-{on}", 2.5, f"Scan {on}", [f"image-{on}"]) for on in _PLATFORMS]),
        _part("notes", 1.5, "Write the notes", ["docs"]),
        _part("sign", 1.0, "Sign everything", ["unit", "browser", "scans", "notes"]),
        _part("publish", 2.0, "Publish", ["sign"], priority="high"),
    ]
    _take_time(parts, times)
    return {"content": "A release, rehearsed", "subtasks": parts}


def _group(key: str, content: str, parts: list[dict[str, Any]], needs: Sequence[str] = ()) -> dict[str, Any]:
    return {"key": key, "content": content, "subtasks": parts, "depends_on": list(needs)}


def _browser(at: int) -> dict[str, Any]:
    fails = {"name": "simulate", "fail_times": int(at == 2)}
    return _part(f"browser-{at}", 4.0 + 0.7 * at, executor=fails, resources=_DATABASE)


def _part(key: str, seconds: float, content: str = "", needs: Sequence[str] = (), **more: Any) -> dict[str, Any]:
    return {
        "key": key,
        "content": content or key.replace("-", " ").capitalize(),
        "estimated_seconds": seconds,
        "depends_on": list(needs),
        "executor": {"name": "simulate"},
        "resources": [],
    } | more


def _take_time(parts: list[dict[str, Any]], times: float) -> None:
    leaves = [leaf for part in parts for leaf in part.get("subtasks", [part])]
    for leaf, takes in zip(leaves, cycle(_TAKES), strict=False):
        leaf["estimated_seconds"] *= times
        leaf["executor"] |= {"seconds": round(leaf["estimated_seconds"] * takes, 3)}
