"""How PostgreSQL answers the hot statements when there is much: `python -m tests.plans [ROWS]` fills a database of its
own with a million subtasks (or so many) and prints the plan and the time of each statement.

The rows are copies of those of one real run: right for the planner, not for `verify`.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

LARGE = ("runs_subtask", "runs_attempt", "runs_event", "runs_subtaskdependency")
TEMPLATE = 100  # subtasks of the run that is copied
RUNS = 10  # over which the copies are spread
EXPLAINED = ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")


@dataclass
class Seen:
    """One statement: its plan's nodes (kind, table, index), and the seconds of each time it was carried out."""

    text: str
    nodes: list[tuple[str, str, str]]
    seconds: list[float] = field(default_factory=list)

    @property
    def scans(self) -> list[str]:
        """Large tables that are read from end to end."""
        return [table for kind, table, _ in self.nodes if kind == "Seq Scan" and table in LARGE]


@contextmanager
def explained() -> Iterator[dict[str, Seen]]:
    """Explains every statement of this thread before it is carried out, in the same transaction."""
    from django.db import connection

    found: dict[str, Seen] = {}

    def explain(execute: Callable[..., Any], text: str, values: Any, many: bool, context: Any) -> Any:
        if not many and text.split(None, 1)[0].upper() in EXPLAINED:
            with connection.connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN (FORMAT JSON) {text}", values)
                plan = cursor.fetchone()[0][0]["Plan"]
            found.setdefault(text, Seen(text, [])).nodes += _nodes(plan)
            begun = time.perf_counter()
            try:
                return execute(text, values, many, context)
            finally:
                found[text].seconds.append(time.perf_counter() - begun)
        return execute(text, values, many, context)

    with connection.execute_wrapper(explain):
        yield found


def _nodes(plan: dict[str, Any]) -> list[tuple[str, str, str]]:
    below = [node for inner in plan.get("Plans", ()) for node in _nodes(inner)]
    return [(plan["Node Type"], plan.get("Relation Name", ""), plan.get("Index Name", "")), *below]


def fill(rows: int) -> Any:
    """Makes a run half-way through and copies of it, `rows` subtasks in all. Gives it, to be acted on."""
    from django.db import connection

    from tests.runs.factories import work

    made = work({f"s{at}": {"needs": [f"s{at - 10}"] if at >= 10 else []} for at in range(TEMPLATE)}, max_agents=8)
    made.sweep()
    for at in range(TEMPLATE // 2):
        made.do(f"s{at}")
    with connection.cursor() as cursor:
        _copy(cursor, made.run_id, max(1, rows // TEMPLATE))
    return made


def _copy(cursor: Any, run: int, copies: int) -> None:
    """Each copy keeps the distances between ids; the first `RUNS` are runs, the others more of their subtasks."""
    columns = {table: _columns(cursor, table) for table in ("runs_run", *LARGE)}
    step = 10_000_000_000  # ids between two copies: more than any real row has; a bigint
    to_run = f"CASE WHEN k % {RUNS} = 0 THEN {run} ELSE {step} * (k % {RUNS}) + {run} END"
    runs = {"id": f"{step} * k + id"}
    subtasks = {"id": f"{step} * k + id", "run_id": to_run, "key": "key || '-' || k", "position": "1000 * k + position"}
    attempts = {"id": f"{step} * k + id", "run_id": to_run, "subtask_id": f"{step} * k + subtask_id"}
    links = {"id": f"{step} * k + id", "run_id": to_run, "before_id": f"{step} * k + before_id"}
    links["after_id"] = f"{step} * k + after_id"
    events = {"run_id": to_run, "seq": "1000 * k + seq", "subtask_id": f"{step} * k + subtask_id"}
    events |= {"id": f"{step} * k + id", "attempt_id": f"{step} * k + attempt_id"}
    for table, changed, last in (
        ("runs_run", runs, min(RUNS, copies) - 1),
        ("runs_subtask", subtasks, copies - 1),
        ("runs_attempt", attempts, copies - 1),
        ("runs_subtaskdependency", links, copies - 1),
        ("runs_event", events, copies - 1),
    ):
        names = columns[table]
        values = ", ".join(changed.get(name, f'"{name}"') for name in names)
        into = ", ".join(f'"{name}"' for name in names)
        kept = f"id = {run}" if table == "runs_run" else f"run_id = {run}"
        cursor.execute(
            f"INSERT INTO {table} ({into}) SELECT {values} FROM {table}, generate_series(1, {last}) AS k WHERE {kept}"
        )
    for number in range(min(RUNS, copies)):
        counters = "pending = pending * %s, completed = completed * %s, total = total * %s, blocked = blocked * %s"
        target = run if number == 0 else step * number + run
        cursor.execute(
            f"UPDATE runs_run SET {counters}, last_seq = (SELECT MAX(seq) FROM runs_event WHERE run_id = {target}) "
            f"WHERE id = {target}",
            [copies // RUNS] * 4,
        )
    cursor.execute("ANALYZE")


def _columns(cursor: Any, table: str) -> list[str]:
    cursor.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_name = %s AND is_generated = 'NEVER'", [table]
    )
    return [name for (name,) in cursor.fetchall()]


def act(made: Any, first: int = 50) -> None:
    """What happens all the time: leases, beats, ends good and bad, the sweep; and what people and programs look at."""
    from django.test import Client

    from runs import loop, startable, sweep, transitions
    from runs.orchestrating import leading
    from runs.reports import Said
    from tests.factories import Api, token_of
    from tests.runs.factories import ada

    for said, at in ((Said.COMPLETE, first), (Said.FAIL, first + 1)):
        lease = made.begin(f"s{at}")
        made.say(Said.BEAT, lease, progress=0.5, message="half of it")
        made.say(said, lease)
    held = made.begin(f"s{first + 2}")
    with made.entry() as entry:
        startable.first_ready(entry, 8, 1, set())
        transitions.request_stop(entry, held.pick.subtask)
        loop.run_pass(entry, None)
    sweep.unwanted([(held.attempt, held.epoch)])
    sweep.overdue(made.now)
    sweep.runs_to_visit(made.now)
    leading.offer_again(made.now)
    api, person, run = Api(token_of(ada()), checked=False), Client(), made.run_id
    for path in ("", "progress/", "subtasks/", "subtasks/s50/", "events/"):
        assert api.get(f"runs/{run}/{path}").status_code == 200, path
    assert api.get(f"runs/{run}/subtasks/", status="failed").status_code == 200
    assert api.get("runs/").status_code == 200
    person.force_login(ada())
    for path in ("/", f"/runs/{run}/", f"/runs/{run}/subtasks/", f"/runs/{run}/frame/?since=1"):
        assert person.get(path).status_code == 200, path


def _tell(found: dict[str, Seen]) -> None:
    for seen in sorted(found.values(), key=lambda seen: -max(seen.seconds)):
        ways = sorted({f"{kind} {table}".strip() for kind, table, _ in seen.nodes if "Scan" in kind and table})
        mark = "!" if seen.scans else " "
        text = " ".join(seen.text.rpartition("%(row_count)s)")[2].split())
        print(f"{mark} {1000 * max(seen.seconds):8.2f} ms  {text[:70]:70}  {'; '.join(ways)}")


def main() -> None:
    import django

    django.setup()
    from django.test.utils import setup_test_environment

    setup_test_environment()
    from django.core.management import call_command

    call_command("migrate", verbosity=0, interactive=False)
    rows, begun = int(sys.argv[1]), time.perf_counter()
    made = fill(rows)
    print(f"{rows:,} subtasks filled in {time.perf_counter() - begun:.0f} s")
    act(made)  # once, so that everything is in memory
    with explained() as found:
        act(made, 53)
    _tell(found)


if __name__ == "__main__":
    if os.environ.get("PLANS_INSIDE"):
        main()
    else:
        from tests import servers

        with servers.postgres() as server, tempfile.TemporaryDirectory() as home:
            inside = {"PLANS_INSIDE": "1", "DATABASE_URL": server.url, "ABREAST_HOME": home}
            inside["DJANGO_SETTINGS_MODULE"] = "tests.settings"
            rows = sys.argv[1] if len(sys.argv) > 1 else "1000000"
            sys.exit(subprocess.run([sys.executable, "-m", "tests.plans", rows], env=os.environ | inside).returncode)
