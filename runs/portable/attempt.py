"""A leased subtask under way."""

import codecs
import json
import os
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from runs.portable.client import Client, Failed, Refused, Unreachable
from runs.portable.kept import Kept, now

MARGIN_SECONDS = 2.0  # before a lease ends, whatever runs under it is killed
PATIENCE_SECONDS = 60.0  # with a server that does not answer
# Bytes of output: sent at once; kept back at most, while the command waits; in the result.
CHUNK, BACKLOG, TAIL = 65_536, 1_048_576, 4_000
SENT_EVERY_SECONDS = 0.5
NO_LONGER_OURS = {401, 403, 404, 409}


class Attempt:
    """What a handler gets. `subtask`: what is to be done; `messages`: what people said meanwhile; `usage`: what it
    used, as far as the handler can tell; `stopping`: why it is to end, "cancel", "lost" or "leave"."""

    def __init__(self, client: Client, lease: dict[str, Any], leased_at: float, workspace: Path) -> None:
        self.client, self.workspace = client, workspace
        self.subtask: dict[str, Any] = lease["subtask"]
        self.epoch: int = lease["epoch"]
        self.messages: list[Any] = []
        self.usage: dict[str, Any] = {}
        self.stopping = ""
        self.over = threading.Event()
        self._path = f"/attempts/{lease['attempt']}"
        self._own = {f"ABREAST_{name.upper()}": str(lease[name]) for name in ("run", "attempt", "epoch")}
        self._lease_seconds, self._beat_seconds = lease["lease_seconds"], lease["heartbeat_seconds"]
        self._until = leased_at + self._lease_seconds - MARGIN_SECONDS
        self._told: dict[str, Any] = {}
        self._sent = 0
        self._kept: Kept | None = None

    # ---- for handlers ----

    def report(self, progress: float | None = None, message: str | None = None) -> None:
        """How far it is (0 to 1), and a word about it; told with the next heartbeat."""
        said = {"progress": progress, "message": message}
        self._told |= {name: value for name, value in said.items() if value is not None}

    def execute(self, argv: list[str], stdin: str = "", cwd: str = ".", env: dict[str, str] | None = None) -> str:
        """Runs a command until it ends; the end of its output. Raises Failed unless it ends with 0."""
        with tempfile.TemporaryDirectory() as folder:
            given, inputs = Path(folder) / "stdin", Path(folder) / "inputs.json"
            given.write_text(stdin, encoding="utf-8")
            inputs.write_text(json.dumps(self.subtask.get("inputs") or {}), encoding="utf-8")
            theirs = {name: value for name, value in os.environ.items() if name != "ABREAST_TOKEN"}
            theirs |= (env or {}) | self._own | {"ABREAST_SUBTASK": self.subtask["key"], "ABREAST_INPUTS": str(inputs)}
            try:
                self._kept = Kept(argv, until=self._until, stdin=given, cwd=self.workspace / cwd, env=theirs)
            except OSError as error:
                raise Failed(str(error), retryable=False) from error
            tail = self._follow(self._kept)
            code = self._kept.wait()
        if code:
            last = "\n".join(tail.rstrip().splitlines()[-5:])
            raise Failed(f"exit code {code}{': ' if last else ''}{last}", retryable=code not in (126, 127))
        return tail

    # ---- for the agent ----

    def keep_alive(self) -> None:
        """Renews the lease until the attempt is over, and obeys what comes back."""
        pause = 0.0  # the first at once: nobody knows how long the lease was under way
        while not self.over.wait(pause):
            begun, told, pause = now(), self._told, self._beat_seconds
            self._told = {}
            acked: dict[str, Any] = {"ack": [message["id"] for message in self.messages]} if self.messages else {}
            try:
                answer = self._post("heartbeat", **told, **acked)
            except Unreachable:
                self._told = told | self._told
            except Refused as refused:
                if refused.status in NO_LONGER_OURS:
                    self.stop("lost")
                    break
            else:
                self._until = begun + self._lease_seconds - MARGIN_SECONDS
                if self._kept:
                    self._kept.renew(self._until)
                for command in answer["commands"]:
                    self._obey(command)

    def stop(self, why: str) -> None:
        """Kills what runs."""
        self.stopping = self.stopping or why
        if self._kept:
            self._kept.stop()

    def end(self, verb: str, **said: Any) -> None:
        """Reports the end. Raises Refused when the attempt does not count any more."""
        said |= {"usage": self.usage} if self.usage else {}
        self._post(verb, patience=PATIENCE_SECONDS, **said)

    def _obey(self, command: dict[str, Any]) -> None:
        if command["command"] == "cancel":
            self.stop("cancel")
        elif command["command"] == "message" and command not in self.messages:
            self.messages.append(command)

    def _post(self, verb: str, *, patience: float = 0.0, **said: Any) -> dict[str, Any]:
        return self.client.post(f"{self._path}/{verb}/", {"epoch": self.epoch} | said, patience=patience, timeout=4.0)

    def _follow(self, kept: Kept) -> str:
        """Streams output until its end; its last characters. If the server takes none, the command waits."""
        if self.stopping:
            kept.stop()  # it was told before there was anything to stop
        decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        waiting, tail, ended, next_at = "", "", False, 0.0
        while not ended or waiting:
            if not ended and len(waiting) < BACKLOG:
                more = kept.read(CHUNK, SENT_EVERY_SECONDS)
                ended = more == b""
                text = decode(more or b"", ended)
                waiting, tail = waiting + text, (tail + text)[-TAIL:]
            if waiting and (ended or len(waiting) >= CHUNK or time.monotonic() >= next_at):
                waiting = self._send(waiting, last=ended)
                next_at = time.monotonic() + SENT_EVERY_SECONDS
        return tail

    def _send(self, text: str, *, last: bool) -> str:
        """What is left of it."""
        chunk = text[:CHUNK]
        try:
            self._post("output", patience=PATIENCE_SECONDS if last else 0.0, offset=self._sent, text=chunk)
        except Unreachable:
            return "" if last else text
        except Refused:
            return ""  # it does not count any more, or there is more of it than is kept
        self._sent += len(chunk.encode())
        return text[CHUNK:]
