"""`python -m tests.crashing [STEP] [postgresql]`: a process that ends after each statement of the hot transactions, or
every STEP, one after the other, each time on a fresh copy of a SQLite file, or of a database of its own PostgreSQL.
What it leaves behind is told as JSON lines: what was being done, after which statement, what `verify` finds, and how
the run ends when another process goes on with it.

Children are forked before anything is connected, so that a crash costs milliseconds.
"""

import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol

import psycopg

from tests import servers

CRASHED = 9
OUTLINE = {"a": [], "b": ["a"], "c": ["a"], "d": ["b", "c"]}


class Store(Protocol):
    """Where the database under test is, with copies of it by name."""

    url: str

    def keep(self, name: str) -> None: ...

    def restore(self, name: str) -> None: ...


class OnSqlite:
    url = ""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._used = folder / "abreast.sqlite3"

    def keep(self, name: str) -> None:
        self._copy(self._used, self._folder / name)

    def restore(self, name: str) -> None:
        self._copy(self._folder / name, self._used)

    def _copy(self, source: Path, target: Path) -> None:
        """With what is not yet in the file itself."""
        for ending in ("", "-wal", "-shm"):
            beside = Path(f"{target}{ending}")
            beside.unlink(missing_ok=True)
            if Path(f"{source}{ending}").exists():
                shutil.copy(f"{source}{ending}", beside)


class OnPostgresql:
    def __init__(self, server: servers.Postgres) -> None:
        self._admin = server.url
        self.url = server.url.rpartition("/")[0] + "/used"
        self._say("CREATE DATABASE used")

    def keep(self, name: str) -> None:
        self._copy("used", name)

    def restore(self, name: str) -> None:
        self._copy(name, "used")

    def _copy(self, source: str, target: str) -> None:
        """Whoever was killed may still be known to the server."""
        self._say(f"DROP DATABASE IF EXISTS {target} WITH (FORCE)")
        text = f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{source}'"
        self._say(text)
        self._say(f"CREATE DATABASE {target} TEMPLATE {source}")

    def _say(self, text: str) -> None:
        with psycopg.connect(self._admin, autocommit=True) as connection:
            connection.execute(text)


def in_child(what: Callable[[], object]) -> int:
    """Its exit status; 1 when it raised."""
    child = os.fork()
    if child == 0:
        try:
            what()
        except BaseException:
            sys.excepthook(*sys.exc_info())
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def dying_after(statements: int, act: Callable[[], None]) -> None:
    """Carries this out, and ends the process after so many statements; after the commit when there are no more."""
    from django.db import connection

    left = [statements]

    def count(execute: Callable[..., Any], *what: Any) -> Any:
        found = execute(*what)
        left[0] -= 1
        if left[0] == 0:
            os._exit(CRASHED)
        return found

    with connection.execute_wrapper(count):
        act()


def made() -> Any:
    from django.utils import timezone

    from runs import actions, tokens
    from tests.bench.seed import simulated
    from tests.runs.factories import Work

    todo = simulated(tokens.owner(), OUTLINE, seconds=0)
    run = actions.start(todo, actions.Options(strategy="parallel", max_agents=2))
    return Work(run.pk, timezone.now)  # type: ignore[arg-type]


def again() -> Any:
    from django.utils import timezone

    from runs.models import Run
    from tests.runs.factories import Work

    return Work(Run.objects.get().pk, timezone.now)  # type: ignore[arg-type]


def _begun() -> None:
    work = made()
    work.sweep()
    work.begin("a")


def _nearly_done() -> None:
    _begun()
    work = again()
    _end(work, "a")
    for key in ("b", "c"):
        work.do(key)
    work.begin("d")


def _end(work: Any, key: str, said: str = "complete") -> None:
    from runs import loop, transitions
    from runs.reports import Report, Said

    attempt = work.attempt(key)
    with work.entry() as entry:
        transitions.apply(entry, [Report(Said(said), work.run_id, attempt.pk, attempt.epoch)], 0.0)
        loop.run_pass(entry, None)


def _expand() -> None:
    from runs import tokens
    from runs.making import adding
    from todos.principal import for_person

    executor = {"name": "simulate", "seconds": 0}
    item = {"key": "e", "content": "One more", "depends_on": ["a"], "executor": executor}
    adding.add(for_person(tokens.owner()), again().run, [adding.Addition.model_validate(item)])


def _cancel() -> None:
    from runs import actions

    actions.cancel(again().run_id)


def _make() -> None:
    made()


# What stands before, and what is done then.
SCENES: dict[str, tuple[Callable[[], None], Callable[[], None]]] = {
    "make a run": (lambda: None, _make),
    "claim": (_make, lambda: again().sweep() or again().lease("a")),
    "complete": (_begun, lambda: _end(again(), "a")),
    "fail": (_begun, lambda: _end(again(), "a", "fail")),
    "lose": (_begun, lambda: _end(again(), "a", "lose")),
    "add a subtask": (_begun, _expand),
    "cancel": (_begun, _cancel),
    "end of the run": (_nearly_done, lambda: _end(again(), "d")),
}


def judge(cell: dict[str, Any]) -> None:
    """What the crash left behind; then another server starts, and the run ends."""
    from django.utils import timezone

    from runs.models import Run
    from runs.orchestrating import orchestrator
    from runs.verify import verify

    cell["violations"] = [one.id for one in verify(None, timezone.now()) if one.count]
    orchestrator.start()
    until = time.monotonic() + 20
    while Run.objects.exclude(status__in=("completed", "cancelled", "failed")).exists() and time.monotonic() < until:
        time.sleep(0.01)
    orchestrator.stop()
    cell["ends"] = list(Run.objects.values_list("status", flat=True))
    cell["violations"] += [one.id for one in verify(None, timezone.now()) if one.count]
    print(json.dumps(cell), flush=True)


def every_point(name: str, store: Store, step: int) -> None:
    before, act = SCENES[name]
    store.restore("empty")
    assert in_child(before) == 0, name
    store.keep("before")
    statements = 1
    while crash(name, act, store, statements):
        statements += step


def crash(name: str, act: Callable[[], None], store: Store, statements: int) -> bool:
    """False when it was over before it had carried out so many."""
    store.restore("before")
    status = in_child(lambda: dying_after(statements, act))
    cell = {"doing": name, "statement": statements, "committed": status == 0}
    assert status in (0, CRASHED), cell
    assert in_child(lambda: judge(cell)) == 0, cell
    return status == CRASHED


def main() -> None:
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        store: Store = OnSqlite(Path(folder))
        if "postgresql" in sys.argv:
            store = OnPostgresql(stack.enter_context(servers.postgres()))
        os.environ |= {
            "ABREAST_HOME": folder,
            "DJANGO_SETTINGS_MODULE": "dashboard.settings",
            "DATABASE_URL": store.url,
        }
        import django

        django.setup()
        from django.core.management import call_command

        assert in_child(lambda: call_command("migrate", verbosity=0, interactive=False)) == 0
        store.keep("empty")
        step = next((int(word) for word in sys.argv[1:] if word.isdecimal()), 1)
        for name in SCENES:
            every_point(name, store, step)


if __name__ == "__main__":
    main()
