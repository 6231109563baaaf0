"""The REST API as an agent needs it."""

import json
import os
import time
import urllib.error
import urllib.request
import uuid
from typing import Any

URL = "http://127.0.0.1:8000"  # the server writes its own address here when it hands this out


class Refused(Exception):
    """The server said no. `status` is that of HTTP, `problem` its body."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        errors = "; ".join(f"{error['pointer']}: {error['detail']}" for error in problem.get("errors", []))
        super().__init__(errors or problem.get("detail") or f"status {status}")
        self.status, self.problem = status, problem


class Unreachable(Exception):
    """The server did not answer, or said that it cannot now; then it may have said when (`wait`, in seconds)."""

    wait = 0.0


class Failed(Exception):
    """The work went wrong. `retryable` False: another try cannot help."""

    def __init__(self, error: str, *, retryable: bool = True) -> None:
        super().__init__(error)
        self.retryable = retryable


class Client:
    """Posts what an agent has to say. Every call raises Refused or Unreachable."""

    def __init__(self, url: str = URL, token: str = "") -> None:
        if not url.startswith(("http://", "https://")):
            raise ValueError(f"{url} is no address of a server")
        self.url, self.token = url.rstrip("/"), token or os.environ.get("ABREAST_TOKEN", "")

    def post(
        self, path: str, body: dict[str, Any], *, patience: float = 0.0, timeout: float = 10.0, key: str = ""
    ) -> dict[str, Any]:
        """The answer to a POST below /api/v1. For `patience` seconds it is sent again, as the same, until answered;
        `key` says what is the same over several calls."""
        key, pause = key or uuid.uuid4().hex, 0.2
        until = time.monotonic() + patience
        while True:
            try:
                return self._send(path, json.dumps(body).encode(), key, timeout)
            except Unreachable as error:
                wait = error.wait or pause
                if time.monotonic() + wait > until:
                    raise
                time.sleep(wait)
                pause = min(2 * pause, 3.0)

    def _send(self, path: str, content: bytes, key: str, timeout: float) -> dict[str, Any]:
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self.token}", "Idempotency-Key": key}
        request = urllib.request.Request(f"{self.url}/api/v1{path}", content, headers, method="POST")  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=timeout) as response:  # noqa: S310  (http or https: see above)
                answer: dict[str, Any] = json.load(response)
                return answer
        except urllib.error.HTTPError as error:
            with error:
                if error.code not in (429, 502, 503, 504):
                    raise Refused(error.code, _problem(error)) from error
                later = Unreachable(f"status {error.code}")
                later.wait = _seconds(error.headers.get("Retry-After", ""))
                raise later from error
        except (OSError, ValueError) as error:
            raise Unreachable(str(error)) from error


def _problem(error: urllib.error.HTTPError) -> dict[str, Any]:
    try:
        found = json.load(error)
    except ValueError:
        found = None
    return found if isinstance(found, dict) else {}


def _seconds(retry_after: str) -> float:
    """A proxy may name a time of the day instead: then the usual pause will do."""
    return float(retry_after) if retry_after.replace(".", "", 1).isdigit() else 0.0
