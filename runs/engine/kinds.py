"""What kind of task a subtask is: those of a kind take about as long as each other."""

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

NOBODY = "external"  # no executor: whoever takes it from outside
LONGEST = 80


def kind_of(executor: Mapping[str, Any] | None) -> str:
    """The executor's name, and what tells its work apart: the program of a command, the host of a request, the
    callable. "shell: pytest", "http: api.example.org", "simulate: 5 s", "read"."""
    if not executor:
        return NOBODY
    name = str(executor.get("name", NOBODY))
    detail = _detail(name, executor)
    return f"{name}: {detail}"[:LONGEST] if detail else name


def _detail(name: str, executor: Mapping[str, Any]) -> str:
    if name in ("shell", "agent"):
        return _program(executor.get("command"))
    if name == "http":
        return _host(str(executor.get("url", "")))
    if name == "simulate":
        return f"{executor.get('seconds', 0)} s"
    return str(executor.get("call", "")) if name == "python" else ""


def _program(command: Any) -> str:
    """The first word that is not a setting of the environment, without its folder."""
    words = command.split() if isinstance(command, str) else [str(word) for word in command or []]
    program = next((word for word in words if "=" not in word.split("/")[0]), "")
    return PurePosixPath(program).name


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
