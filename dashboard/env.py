"""Typed readers of environment variables: a value that cannot be meant stops the start, with its name."""

import contextlib
import os
import re
import tempfile
from collections.abc import Callable
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from runs.executors.web.addresses import Allowed, allowed


def text(name: str, default: str = "") -> str:
    return os.environ.get(name, default)


def flag(name: str, default: bool) -> bool:
    value = os.environ.get(name)
    if value is None or value == "":
        return default
    if value.lower() in {"1", "true", "yes", "on"}:
        return True
    if value.lower() in {"0", "false", "no", "off"}:
        return False
    raise ImproperlyConfigured(f"{name} must be 1 or 0, not {value!r}")


def number(name: str, default: int, *, low: int, high: int) -> int:
    value = os.environ.get(name)
    if value is None or value == "":
        return default
    if not re.fullmatch("[0-9]{1,18}", value) or not low <= int(value) <= high:
        raise ImproperlyConfigured(f"{name} must be a whole number from {low} to {high}, not {value!r}")
    return int(value)


def choice(name: str, default: str, allowed: tuple[str, ...]) -> str:
    value = os.environ.get(name) or default
    if value not in allowed:
        raise ImproperlyConfigured(f"{name} must be one of {', '.join(allowed)}, not {value!r}")
    return value


def words(name: str) -> list[str]:
    """A comma-separated list, blanks dropped."""
    return [word for word in (part.strip() for part in os.environ.get(name, "").split(",")) if word]


def reachable(name: str) -> Allowed:
    """Hosts and networks, as a comma-separated list."""
    try:
        return allowed(words(name))
    except ValueError as error:
        raise ImproperlyConfigured(f"{name}: {error}") from None


def hosts(*names: str) -> list[str]:
    """Addresses and names as they stand in a URL, each once, without those that mean all addresses there are."""
    shown = [f"[{name}]" if ":" in name else name for name in names if name not in ("0.0.0.0", "::")]  # noqa: S104
    return list(dict.fromkeys(shown))


def address(name: str) -> str:
    """Where browsers find something: `https://name` or `https://name:port`, in lower case and without a slash."""
    value = os.environ.get(name, "").strip().rstrip("/").lower()
    if value and not re.fullmatch(r"https?://([a-z0-9.-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?", value):
        raise ImproperlyConfigured(f"{name} must be an address like https://name.example, not {value!r}")
    return value


def names(hosts: list[str]) -> list[str]:
    """Of each host its name, without its port."""
    return list(dict.fromkeys(re.sub(r":[0-9]+$", "", host) for host in hosts))


def secret(name: str) -> str | None:
    """The variable itself, or the content of the file that NAME_FILE names."""
    if value := os.environ.get(name):
        return value
    if path := os.environ.get(f"{name}_FILE"):
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except (OSError, ValueError) as error:
            raise ImproperlyConfigured(f"{name}_FILE cannot be read: {error}") from None
    return None


def kept(path: Path, make: Callable[[], str]) -> str:
    """The text of a file of the owner's, which is made the first time. Raises OSError."""
    with contextlib.suppress(FileNotFoundError):
        return path.read_text(encoding="ascii")
    # Written aside and then named: whoever is killed in between leaves no empty file, and of two that do this at the
    # same time one wins for both.
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(make())
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
    finally:
        os.unlink(draft)  # noqa: PTH108 - mkstemp gives a text
    return path.read_text(encoding="ascii")
