"""Clients as they should be: again, under the same key, until there is an answer. 500 is never an answer."""

import random
import threading
import time
from collections import Counter
from typing import Any

import httpx

LOST_REPLIES = 0.3  # of what is asked for under a key
PATIENCE = 180.0


class Refused(Exception):
    """409: things are not as the client thinks."""


class Client:
    """For one thread. What happens to it is counted in `faults`."""

    def __init__(self, url: str, token: str, chance: random.Random, faults: Counter[str]) -> None:
        self.url, self.chance, self.faults = f"{url}/api/v1/", chance, faults
        self.headers = {"Authorization": f"Bearer {token}"}

    def call(self, method: str, path: str, body: Any = None, key: str = "") -> Any:
        """Raises Refused, or RuntimeError when the answer is none that there may be."""
        headers = self.headers | ({"Idempotency-Key": key} if key else {})
        until = time.monotonic() + PATIENCE
        patience = 0.001 if key and self.chance.random() < LOST_REPLIES else 10  # it may have been done all the same
        while True:
            try:
                wait = httpx.Timeout(10, read=patience)
                answer = httpx.request(method, self.url + path, json=body, headers=headers, timeout=wait)
                if answer.status_code < 400:
                    return answer.json()
                if answer.status_code == 409:
                    raise Refused(answer.text)
                self.faults[f"answered {answer.status_code}"] += 1
                if answer.status_code != 503 or time.monotonic() > until:
                    raise RuntimeError(f"{answer.status_code}: {answer.text[:500]}")
            except httpx.HTTPError:
                if time.monotonic() > until:
                    raise
                self.faults["reply lost"] += patience < 1
            patience = 10
            time.sleep(0.2)


class Companion(threading.Thread):
    """Works beside the faults until it is told that it is over. What it cannot bear is kept in `wrong`."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.over = threading.Event()
        self.wrong: list[str] = []

    def run(self) -> None:
        try:
            while not self.over.is_set():
                self.turn()
        except Exception as error:
            self.wrong.append(f"{type(self).__name__}: {error!r}")

    def turn(self) -> None:
        raise NotImplementedError

    def end(self) -> None:
        self.over.set()
        self.join(PATIENCE)
