"""Agents and onlookers with books of their own, which are held against the database in the end."""

import json
import os
import time
import uuid
from collections import Counter
from pathlib import Path
from typing import Any

from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from tests.faults.asking import Client, Companion, Refused

NAME = "hand"


class Hand(Companion):
    """An agent that leases what is meant for it, says things twice, too late or not at all, and writes down, past all
    caches, whatever end of an attempt was acknowledged."""

    def __init__(self, client: Client, book: Path) -> None:
        super().__init__()
        self.client, self._book = client, book
        self.acknowledged: Counter[tuple[str, str]] = Counter()  # runs and keys

    def turn(self) -> None:
        wanted = {"agent": NAME, "limit": 3, "wait_seconds": 1}
        for lease in self.client.call("POST", "leases/", wanted)["leases"]:
            self._carry_out(lease)

    def _carry_out(self, lease: dict[str, Any]) -> None:
        chance = self.client.chance.random()
        if chance < 0.1:
            return  # never heard of again: its lease runs out
        time.sleep(0.3 * self.client.chance.random())
        try:
            self._post(lease, "heartbeat", {"progress": chance})
            self._post(lease, "complete", {"result": {"by": lease["attempt"]}})
        except Refused:
            return
        self._note(lease)
        if chance > 0.5:
            self._says_more(lease)

    def _post(self, lease: dict[str, Any], verb: str, more: dict[str, Any]) -> None:
        path = f"attempts/{lease['attempt']}/{verb}/"
        self.client.call("POST", path, {"epoch": lease["epoch"]} | more, uuid.uuid4().hex)

    def _note(self, lease: dict[str, Any]) -> None:
        line = {"run": lease["run"], "key": lease["subtask"]["key"], "attempt": lease["attempt"]}
        with self._book.open("a", encoding="ascii") as book:
            book.write(json.dumps(line) + "\n")
            book.flush()
            os.fsync(book.fileno())
        self.acknowledged[line["run"], line["key"]] += 1

    def _says_more(self, lease: dict[str, Any]) -> None:
        """The same end again is no other; another end, or another epoch, is refused."""
        self._post(lease, "complete", {"result": {"by": lease["attempt"]}})
        for verb, epoch in (("fail", 0), ("complete", 1)):
            try:
                self._post(lease | {"epoch": lease["epoch"] + epoch}, verb, {})
            except Refused:
                continue
            self.wrong.append(f"{verb} of attempt {lease['attempt']}, which was over, was taken")


class Onlooker(Companion):
    """Watches one run at a time through a socket, and goes on after each break from what it saw last."""

    def __init__(self, url: str, token: str) -> None:
        super().__init__()
        self._url, self._headers = url.replace("http", "ws", 1), {"Authorization": f"Bearer {token}"}
        self.run_id = ""
        self.seen: dict[str, list[int]] = {}
        self.breaks = 0

    def turn(self) -> None:
        run = self.run_id
        if not run:
            time.sleep(0.1)
            return
        after = self.seen.setdefault(run, [0])[-1]
        try:
            path = f"{self._url}/ws/runs/{run}/?format=json&after={after}"
            with connect(path, additional_headers=self._headers, open_timeout=5, close_timeout=1) as socket:
                while self.run_id == run and not self.over.is_set():
                    self._hear(run, json.loads(socket.recv(timeout=20)))
        except (OSError, WebSocketException):  # a message is due every fifteen seconds
            self.breaks += 1
            time.sleep(0.2)

    def _hear(self, run: str, message: dict[str, Any]) -> None:
        if message["type"] == "events":
            self.seen[run] += [event["seq"] for event in message["events"]]

    def holes(self) -> list[str]:
        """Runs of which it saw something twice, or not in order, or missed something in between."""
        return [run for run, seen in self.seen.items() if seen != list(range(len(seen)))]
