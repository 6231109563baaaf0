"""Shows what the tasks of a Django project do (`django.tasks`, or the package `django-tasks`): by one line in an app's
`ready`, `abreast_tasks.follow(url, token)`. Every task is a subtask; tasks never wait for the server.
"""

import atexit
import importlib
from types import ModuleType
from typing import Any

from runs.portable.client import URL, Client
from runs.portable.reporter import Reporter

MODULES = ("django.tasks.signals", "django_tasks.signals")  # of Django 6.0 and later; of the package


def follow(url: str = URL, token: str = "", *, name: str = "django") -> Reporter:
    """From now on all tasks are reported; `name` tells projects apart. Raises ValueError for a wrong `url`, ImportError
    where there are no tasks."""
    found = [module for module in map(_imported, MODULES) if module is not None]
    if not found:
        raise ImportError("there is neither django.tasks nor django_tasks here")
    return listen(found, Reporter(Client(url, token), f"tasks {name}", f"Tasks: {name}"))


def listen(modules: list[ModuleType], reporter: Reporter) -> Reporter:
    """Connects the signals of these modules."""
    follower = Follower(reporter)
    receivers = {"task_enqueued": follower.waits, "task_started": follower.began, "task_finished": follower.ended}
    for module in modules:
        for signal, receiver in receivers.items():
            getattr(module, signal).connect(reporter.quietly(receiver), weak=False)
    atexit.register(reporter.flush)
    return reporter


def _imported(name: str) -> ModuleType | None:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


class Follower:
    """The signals of tasks as reports."""

    def __init__(self, reporter: Reporter) -> None:
        self.reporter = reporter

    def waits(self, task_result: Any, **_: Any) -> None:
        self._say(task_result, status="pending", only_new=True)

    def began(self, task_result: Any, **_: Any) -> None:
        self._say(task_result, status="in_progress", agent=_agent(task_result))

    def ended(self, task_result: Any, **_: Any) -> None:
        well = str(getattr(task_result.status, "value", task_result.status)).upper() in ("SUCCESSFUL", "SUCCEEDED")
        error = None if well else _error(task_result)
        status = "completed" if well else "failed"
        self._say(task_result, status=status, agent=_agent(task_result), error=error)

    def _say(self, result: Any, **report: Any) -> None:
        self.reporter.say(str(result.id), content=result.task.module_path, **report)


def _agent(result: Any) -> str | None:
    return f"worker {result.worker_ids[-1][:12]}" if result.worker_ids else None


def _error(result: Any) -> str:
    """Of the last try: its last line, or what kind it was."""
    if not result.errors:
        return "it failed"
    lines = [line for line in result.errors[-1].traceback.splitlines() if line.strip()]
    return lines[-1] if lines else result.errors[-1].exception_class_path
