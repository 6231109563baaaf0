"""Secrets are replaced before anything that an executor printed, gave or said is stored.

Known are: our own tokens, by their shape; the key of the server; the values of variables of the server's environment,
or of a subtask's `env`, whose names speak of a secret; and all that agents are given. Each also as Base64 and as in a
URL. Only what has eight characters or more is one: shorter words stand everywhere.
"""

import base64
import json
import os
import re
from functools import cache
from typing import Any
from urllib.parse import quote

from django.conf import settings

from runs.executors.base import OutputSink
from runs.reports import Output

INSTEAD = "[redacted]"
_LEAST = 8
_TOKEN = re.compile(rb"abr_[a-z]_[A-Za-z0-9_-]{43}")
_TOKEN_BEGINS = b"abr_"
_TOKEN_BYTES = 49
_SECRET_NAME = re.compile(r"(?<!GIT_CONFIG_)KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL|_URL\Z", re.IGNORECASE)
_PLAIN_ADDRESS = re.compile(r"[a-z+]+://[^@]*\Z")


class Redactor:
    """Replaces what it knows, and tokens."""

    def __init__(self, values: frozenset[str]) -> None:
        forms = {form for value in values if len(value) >= _LEAST for form in _forms(value)}
        self._known = sorted(forms, key=len, reverse=True)  # what is part of another comes after it

    def and_of(self, other: "Redactor | None") -> "Redactor":
        """What knows both their secrets."""
        both = Redactor(frozenset())
        both._known = sorted({*self._known, *(other._known if other else ())}, key=len, reverse=True)
        return both

    def data(self, data: bytes) -> bytes:
        for known in self._known:
            if known in data:
                data = data.replace(known, INSTEAD.encode())
        return _TOKEN.sub(INSTEAD.encode(), data) if _TOKEN_BEGINS in data else data

    def text(self, text: str) -> str:
        return self.data(text.encode("utf-8", "replace")).decode("utf-8", "replace")

    def value(self, value: Any) -> Any:
        """A result; the same object when there is nothing to replace."""
        if value is None:
            return None
        try:
            told = json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
        except (TypeError, ValueError, RecursionError):
            return value  # which is refused for that, and not stored
        return value if self.data(told) == told else self._within(value)

    def _within(self, value: Any) -> Any:
        match value:
            case str():
                return self.text(value)
            case dict():
                return {self.text(key): self._within(item) for key, item in value.items()}
            case list() | tuple():
                return [self._within(item) for item in value]
        return value

    def held(self, data: bytes) -> int:
        """How many bytes at the end may be the beginning of a secret."""
        most = 0
        at = data.rfind(_TOKEN_BEGINS, max(0, len(data) - _TOKEN_BYTES + 1))
        if at >= 0:
            most = len(data) - at
        for known in (*self._known, _TOKEN_BEGINS):
            most = max(most, _begun(known, data))
        return most


def _begun(known: bytes, data: bytes) -> int:
    """How many bytes of it the data ends with, but for all of it."""
    at = data.find(known[:1], max(0, len(data) - len(known) + 1))
    while at >= 0 and not known.startswith(data[at:]):
        at = data.find(known[:1], at + 1)
    return len(data) - at if at >= 0 else 0


class Redacted:
    """Output without secrets, also those that come in pieces."""

    def __init__(self, output: OutputSink, redactor: Redactor) -> None:
        self._output = output
        self._redactor = redactor
        self._held = b""

    @property
    def full(self) -> bool:
        return self._output.full

    def write(self, data: bytes) -> None:
        data = self._redactor.data(self._held + data)
        keep = self._redactor.held(data)
        self._held = data[len(data) - keep :]
        if ready := data[: len(data) - keep]:
            self._output.write(ready)

    def close(self) -> Output:
        if self._held:
            self._output.write(self._held)
            self._held = b""
        return self._output.close()


def redactor(*specs: dict[str, Any] | None) -> Redactor:
    """What knows the secrets of the server, and those that these specs give their commands."""
    given = [spec["env"] for spec in specs if spec and isinstance(spec.get("env"), dict)]
    secrets = [secret for env in given for secret in _secret(env)]
    return Redactor(_server_values().union(secrets)) if secrets else _of_server()


@cache
def _of_server() -> Redactor:
    return Redactor(_server_values())


@cache
def _server_values() -> frozenset[str]:
    given = {os.environ[name] for name in settings.AGENT_ENVIRONMENT if name in os.environ}
    return _secret(dict(os.environ)) | given | {settings.SECRET_KEY}


def _secret(variables: dict[Any, Any]) -> frozenset[str]:
    return frozenset(
        value
        for name, value in variables.items()
        if isinstance(name, str)
        and isinstance(value, str)
        and _SECRET_NAME.search(name)
        and not _PLAIN_ADDRESS.match(value)  # an address without a password in it
        and not value.startswith("/")  # the name of a file
    )


def _forms(value: str) -> set[bytes]:
    data = value.encode("utf-8", "replace")
    packed = {base64.b64encode(data), base64.urlsafe_b64encode(data), base64.b64encode(data).rstrip(b"=")}
    escaped = json.dumps(value, ensure_ascii=False)[1:-1].encode("utf-8", "replace")
    return packed | {data, escaped, quote(data, safe="").encode()}


def forget() -> None:
    """Has the server's secrets looked up again."""
    _of_server.cache_clear()
    _server_values.cache_clear()
