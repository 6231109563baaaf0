"""An agent of Abreast, with nothing but the standard library of Python 3.11. It comes in one file:

    curl -s http://127.0.0.1:8000/agent.py | python3 - --token TOKEN --jobs 4

leases subtasks, runs them here, streams their output, and stops on command. `--command "my-agent --print"` does those
that have no executor. Or import that file, with handlers of your own, functions of an Attempt that return the result:

    Agent(Client(url, token), "impl-1", {"shell": shell, None: my_function}).run()

A lease is renewed from a thread of its own. Commands run under a keeper that kills them unless it hears again and
again that the lease still holds: so none goes on when this program is killed, stopped or cut off.
"""

import argparse
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from runs.portable.attempt import MARGIN_SECONDS, Attempt
from runs.portable.client import URL, Client, Failed, Refused, Unreachable
from runs.portable.handlers import CAN, Handler, by_command
from runs.portable.kept import now


class Agent:
    """Leases what its handlers can do (by name of the executor, None for what has none), `jobs` at a time."""

    def __init__(
        self,
        client: Client,
        name: str,
        handlers: dict[str | None, Handler],
        *,
        jobs: int = 1,
        lanes: list[str] | None = None,
        run: str | None = None,
        workspace: Path = Path(),
        say: Callable[[str], None] = lambda line: None,
    ) -> None:
        self.client, self.name, self.handlers, self.jobs = client, name, handlers, jobs
        self.lanes, self.run_id, self.workspace, self.say = lanes or ["query", "execute"], run, workspace, say
        self.leaving = threading.Event()
        self._free = threading.Semaphore(jobs)
        self._open: dict[Attempt, threading.Thread] = {}

    def run(self, *, until_idle: bool = False) -> None:
        """Works until told to leave; with `until_idle` until there was nothing to do for a while."""
        self._register()
        while not self.leaving.is_set():
            if self._free.acquire(timeout=0.2) and not self._lease():
                self._free.release()
                if until_idle and not self._open:
                    break
        for attempt, thread in list(self._open.items()):
            attempt.stop("leave")
            thread.join()

    def _register(self) -> None:
        capabilities = [name for name in self.handlers if name]
        about = {"name": self.name, "kind": "agent.py", "lanes": self.lanes, "capabilities": capabilities}
        while not self.leaving.is_set():
            try:
                self.client.post("/agents/", about)
                return self.say(f"{self.name} works for {self.client.url}")
            except Unreachable as error:
                self._wait(error)
        return None

    def _wait(self, error: Unreachable) -> None:
        self.say(f"no answer yet: {error}")
        self.leaving.wait(error.wait or 1.0)

    def _lease(self) -> bool:
        """Begins what it is given, if it is given anything."""
        wanted = {"agent": self.name, "limit": 1, "wait_seconds": 20 if not self._open else 5, "run": self.run_id}
        try:
            leases = self.client.post("/leases/", wanted, patience=MARGIN_SECONDS, timeout=40)["leases"]
        except Unreachable as error:
            self._wait(error)
            return False
        for lease in leases:
            attempt = Attempt(self.client, lease, now(), self.workspace)
            self._open[attempt] = threading.Thread(target=self._carry_out, args=(attempt,))
            self._open[attempt].start()
        return bool(leases)

    def _carry_out(self, attempt: Attempt) -> None:
        threading.Thread(target=attempt.keep_alive, daemon=True).start()
        self.say(f"{attempt.subtask['key']}: begun")
        verb, said = self._outcome(attempt)
        if verb != "complete" and attempt.stopping:
            verb, said = "release", {}
        try:
            if attempt.stopping != "lost":
                attempt.end(verb, **said)
            self.say(f"{attempt.subtask['key']}: {attempt.stopping or said.get('error') or verb}")
        except (Refused, Unreachable) as error:
            self.say(f"{attempt.subtask['key']}: {error}")
        finally:
            attempt.over.set()
            del self._open[attempt]
            self._free.release()

    def _outcome(self, attempt: Attempt) -> tuple[str, dict[str, Any]]:
        name = (attempt.subtask.get("executor") or {}).get("name")
        try:
            if name not in self.handlers:
                raise Failed(f"this agent cannot {name or 'work without an executor'}")
            return "complete", {"result": self.handlers[name](attempt)}
        except Failed as error:
            return "fail", {"error": str(error)[:10_000], "retryable": error.retryable}
        except Exception as error:  # whatever a handler does wrong is an error of its attempt
            return "fail", {"error": f"{type(error).__name__}: {error}"[:10_000]}


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--url", default=URL)
    parser.add_argument("--token", default="", help="or ABREAST_TOKEN, which other users of this machine cannot see")
    parser.add_argument("--name", default=f"{socket.gethostname()}-{os.getpid()}")
    parser.add_argument("--jobs", type=int, default=1, help="how many subtasks at a time")
    parser.add_argument("--lanes", default="query,execute")
    parser.add_argument("--run", help="work for this run only")
    parser.add_argument("--workspace", default=".", help="the folder that commands run in")
    parser.add_argument("--command", help="does what has no executor; gets the text of the subtask on stdin")
    parser.add_argument("--until-idle", action="store_true", help="leave when there is nothing to do")


def work(options: argparse.Namespace) -> None:
    """Works until it is told to leave. Ends the process with the reason when the server refuses it."""
    handlers = CAN | ({None: by_command(options.command)} if options.command else {})
    worker = Agent(
        Client(options.url, options.token),
        options.name,
        handlers,
        jobs=options.jobs,
        lanes=options.lanes.split(","),
        run=options.run,
        workspace=Path(options.workspace),
        say=lambda line: print(time.strftime("%H:%M:%S"), line, file=sys.stderr, flush=True),
    )
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: worker.leaving.set())
    try:
        worker.run(until_idle=options.until_idle)
    except Refused as refused:
        sys.exit(f"{options.url}: {refused}")


def main() -> None:
    parser = argparse.ArgumentParser(description="An agent of Abreast.")
    add_options(parser)
    work(parser.parse_args())


if __name__ == "__main__":
    main()
