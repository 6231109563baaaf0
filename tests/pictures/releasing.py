"""The work under way that pictures show: a release. It is pretended, which its title says: it only takes its time."""

from collections.abc import Iterator, Sequence
from typing import Any

from tests.live_server import Server

AGENTS = 6
BEGUN = 22  # subtasks done, of about twice as many
APPS = ("accounts", "billing", "catalog", "checkout", "mail", "orders", "payments", "search", "shipping", "stock")
PAGES = ("install", "tutorial", "guide", "reference", "changes")
PLATFORMS = ("linux-x64", "linux-arm", "macos", "windows")


def plant(server: Server, times: float = 1.0) -> str:
    """The todo; its id. `times`: how many times as long as usual everything takes."""
    parts = [_slowed(part, times) for part in _parts()]
    todo: str = server.call("POST", "todos/", {"content": "Release 1.2 (pretended)", "subtasks": parts})["id"]
    return todo


def ask(server: Server) -> str:
    """A run that waits for a person; its id."""
    question = "The draft is on the staging site. Is it to go out to everybody?"
    parts = [
        _part("draft", 0.2, "Write the draft"),
        {"key": "go", "content": "Say whether it goes out", "executor": {"name": "approval", "question": question}},
        _part("send", 0.2, "Send it", ["draft", "go"]),
    ]
    todo = server.call("POST", "todos/", {"content": "News of 1.2 (pretended)", "subtasks": parts})["id"]
    return start(server, todo)


def _slowed(part: dict[str, Any], times: float) -> dict[str, Any]:
    if "subtasks" in part:
        return part | {"subtasks": [_slowed(below, times) for below in part["subtasks"]]}
    seconds = part["executor"]["seconds"] * times
    return part | {"estimated_seconds": seconds, "executor": part["executor"] | {"seconds": seconds}}


def start(server: Server, todo: str) -> str:
    run: str = server.call("POST", f"todos/{todo}/run/", {"max_agents": AGENTS})["id"]
    return run


def _parts() -> Iterator[dict[str, Any]]:
    yield _group(
        "lint", "Lint", [_part("format", 1.2), _part("types", 5.5), _part("links", 2.4), _part("licences", 0.8)]
    )
    yield _group("unit", "Unit tests", [_part(f"unit-{app}", 1.4 + 0.55 * at % 3) for at, app in enumerate(APPS)])
    yield _part("wheel", 2.0, "Build the wheel", ["lint"])
    yield _group(
        "browser",
        "Browser tests",
        [_part(f"browser-{at}", 4.0 + at * 0.7, fail_times=at == 2) for at in range(1, 6)],
        ["wheel"],
    )
    yield _group("docs", "Documentation", [_part(f"docs-{page}", 1.1, f"Build {page}", ["links"]) for page in PAGES])
    yield _group(
        "images", "Images", [_part(f"image-{name}", 5.0, f"Image for {name}") for name in PLATFORMS], ["wheel"]
    )
    scans = [_part(f"scan-{name}", 2.5, f"Scan the image for {name}", [f"image-{name}"]) for name in PLATFORMS]
    yield _group("scans", "Scans", scans)
    yield _part("notes", 1.5, "Write the notes", ["docs"])
    yield _part("sign", 1.0, "Sign everything", ["unit", "browser", "scans", "notes"])
    yield _part("publish", 2.0, "Publish", ["sign"], priority="high")


def _group(key: str, content: str, parts: list[dict[str, Any]], needs: Sequence[str] = ()) -> dict[str, Any]:
    return {"key": key, "content": content, "subtasks": parts, "depends_on": list(needs)}


def _part(
    key: str, seconds: float, content: str = "", needs: Sequence[str] = (), fail_times: int = 0, **more: Any
) -> dict[str, Any]:
    return {
        "key": key,
        "content": content or key.replace("-", " ").capitalize(),
        "estimated_seconds": seconds,
        "depends_on": list(needs),
        "executor": {"name": "simulate", "seconds": seconds, "fail_times": int(fail_times)},
        **more,
    }
