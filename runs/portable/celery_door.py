"""Shows what a Celery application does: by one line in it, `abreast_celery.follow(app, url, token)`.

Every task is a subtask, every place of a worker an agent. Tasks never wait for the server: it may be gone, or slow.
"""

import atexit
import threading
from collections.abc import Callable
from typing import Any

from celery import signals

from runs.portable.client import URL, Client
from runs.portable.reporter import Reporter

_ENDED = {"SUCCESS": "completed", "IGNORED": "cancelled", "REJECTED": "pending"}


def follow(app: Any, url: str = URL, token: str = "", *, name: str = "", arguments: bool = False) -> Reporter:
    """From now on all that this application publishes and works on is reported, except Celery's own tasks.

    `name` tells applications apart, `arguments` shows what tasks were called with. Raises ValueError for a wrong `url`.
    """
    known = name or app.main or "celery"
    reporter = Reporter(Client(url, token), f"celery {known}", f"Celery: {known}")
    follower = Follower(app, reporter, arguments)
    for signal, receiver in follower.receivers():
        signal.connect(reporter.quietly(receiver), weak=False)
    signals.worker_process_shutdown.connect(lambda **_: reporter.flush(), weak=False)
    atexit.register(reporter.flush)
    return reporter


class Places:
    """The places of a worker, each taken by one task at a time: what an agent is."""

    def __init__(self) -> None:
        self._lock, self._of = threading.Lock(), dict[str, int]()

    def take(self, task: str) -> int:
        with self._lock:
            taken = set(self._of.values())
            self._of[task] = next(number for number in range(len(taken) + 1) if number not in taken)
            return self._of[task]

    def of(self, task: str) -> int | None:
        return self._of.get(task)

    def give_back(self, task: str) -> None:
        with self._lock:
            self._of.pop(task, None)


class Follower:
    """Celery's signals as reports."""

    def __init__(self, app: Any, reporter: Reporter, arguments: bool) -> None:
        self.app, self.reporter, self.arguments = app, reporter, arguments
        self.places = Places()

    def receivers(self) -> list[tuple[Any, Callable[..., None]]]:
        return [
            (signals.before_task_publish, self.published),
            (signals.task_prerun, self.began),
            (signals.task_postrun, self.ended),
            (signals.task_retry, self.comes_again),
            (signals.task_failure, self.failed),
            (signals.task_revoked, self.revoked),
        ]

    def published(self, sender: str, headers: dict[str, Any] | None = None, body: Any = None, **_: Any) -> None:
        """Also by a retry, for which it is no news."""
        about = headers if headers and "id" in headers else body if isinstance(body, dict) else {}
        if about.get("id") and not sender.startswith("celery."):
            given = f"{about.get('argsrepr', '')} {about.get('kwargsrepr', '')}" if self.arguments else ""
            self.reporter.say(about["id"], status="pending", content=f"{sender} {given}".strip(), only_new=True)

    def began(self, task_id: str, task: Any, args: Any = (), kwargs: Any = None, **_: Any) -> None:
        if self._is_mine(task):
            self.places.take(task_id)
            content = f"{task.name} {args!r} {kwargs!r}" if self.arguments else task.name
            self.reporter.say(task_id, status="in_progress", content=content, agent=self._agent(task, task_id))

    def ended(self, task_id: str, task: Any, state: str | None = None, **_: Any) -> None:
        if self._is_mine(task):
            agent = self._agent(task, task_id)
            if state in _ENDED:
                self.reporter.say(task_id, status=_ENDED[state], content=task.name, agent=agent)
            self.places.give_back(task_id)

    def comes_again(self, sender: Any, request: Any, reason: Any = None, **_: Any) -> None:
        if self._is_mine(sender):
            agent = self._agent(sender, request.id)
            self.reporter.say(request.id, status="pending", content=sender.name, agent=agent, message=str(reason))

    def failed(self, sender: Any, task_id: str, exception: Any = None, **_: Any) -> None:
        """Also of a task whose process was killed: that is told by another, which is at nothing."""
        if self._is_mine(sender):
            agent = self._agent(sender, task_id)
            error = f"{type(exception).__name__}: {exception}"
            self.reporter.say(task_id, status="failed", content=sender.name, agent=agent, error=error)

    def revoked(self, sender: Any, request: Any, expired: bool = False, **_: Any) -> None:
        if self._is_mine(sender):
            why = "it expired" if expired else "it was revoked"
            self.reporter.say(request.id, status="cancelled", content=sender.name, message=why)

    def _is_mine(self, task: Any) -> bool:
        return getattr(task, "app", None) is self.app and not task.name.startswith("celery.")

    def _agent(self, task: Any, task_id: str) -> str | None:
        """A place of this worker: those of its processes are numbered, as are those of the threads of one."""
        place = self.places.of(task_id)
        if place is None:
            return None
        return f"{task.request.hostname or 'here'} {process_number() + place + 1}"


def process_number() -> int:
    """Of a process in its worker's pool, from 0."""
    try:
        from billiard import current_process
    except ImportError:
        return 0
    return int(getattr(current_process(), "index", 0) or 0)
