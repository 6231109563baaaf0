"""What `manage.py verify` says and with which code it ends, on a database whose transactions are committed."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from runs import actions
from runs.models import Event, Run, Subtask
from runs.verify import CHECKS
from tests.factories import person, plant
from tests.runs.factories import dump
from tests.runs.verify.history import history
from tests.scenes import scene
from todos.models import Todo

pytestmark = pytest.mark.django_db(transaction=True)


def verify(*arguments: str) -> tuple[int, str, str]:
    """The exit code, and what was printed to stdout and stderr."""
    said, wrong, code = StringIO(), StringIO(), 0
    try:
        call_command("verify", *arguments, stdout=said, stderr=wrong)
    except SystemExit as end:
        code = int(end.code or 0)
    return code, said.getvalue(), wrong.getvalue()


def test_a_database_without_rows_is_clean() -> None:
    code, said, _ = verify()
    assert (code, said.splitlines()[-1]) == (0, "clean")


def test_every_check_has_a_line_of_its_own() -> None:
    history(person("ada", staff=True))
    code, said, _ = verify()
    *lines, last = said.splitlines()
    assert [line.split(maxsplit=2) for line in lines] == [[check.id, "ok", check.says] for check in CHECKS]
    assert (code, last) == (0, "clean")


def test_a_violation_is_told_below_its_check_and_counted_at_the_end() -> None:
    made = scene(person("ada"))
    Run.objects.filter(pk=made.run_id).update(total=4, agents_active=1)
    code, said, _ = verify()
    lines = said.splitlines()
    at = lines.index("  I8  VIOLATED 1 times       the counters of a run equal its subtasks")
    assert lines[at + 1].strip() == f"run {made.run_id} keeps total = 4, and there are 3"
    assert lines[-1] == "2 violations"
    assert code == 1


def test_of_many_violations_twenty_are_told_and_all_are_counted() -> None:
    made = scene(person("ada"), [f"s{number}" for number in range(25)])
    Subtask.objects.filter(run=made.run_id).update(finished_at=made.now)
    code, said, _ = verify("--json")
    answer = json.loads(said)
    (found,) = [found for found in answer["checks"] if found["count"]]
    assert (code, answer["violations"], found["id"], found["count"], len(found["shown"])) == (1, 25, "I5", 25, 20)


def test_json_has_every_check_also_when_all_is_well() -> None:
    code, said, _ = verify("--json")
    checks = [{"id": check.id, "says": check.says, "count": 0, "shown": []} for check in CHECKS]
    assert (code, json.loads(said)) == (0, {"violations": 0, "checks": checks})


def test_one_run_is_checked_without_the_others() -> None:
    made = history(person("ada", staff=True))
    Run.objects.update(total=99)
    Event.objects.filter(kind="leased").update(epoch=None)
    for run in vars(made).values():
        code, said, _ = verify("--run", str(run.run_id), "--json")
        found = [sentence for check in json.loads(said)["checks"] for sentence in check["shown"]]
        assert code == 1
        assert f"run {run.run_id} keeps total = 99, and there are {run.run.subtasks.count()}" in found
        assert {line.partition("run ")[2].split()[0] for line in found} == {str(run.run_id)}


def test_a_clean_run_is_clean_beside_one_that_is_not() -> None:
    clean, damaged = scene(person("ada")), scene(person("ada"))
    Run.objects.filter(pk=damaged.run_id).update(total=99)
    assert [verify("--run", str(made.run_id))[0] for made in (clean, damaged)] == [0, 1]


@pytest.mark.parametrize("number", ["1", "-1", "0", str(2**63), str(10**30)])
def test_a_run_that_is_not_there_cannot_be_checked(number: str) -> None:
    code, said, wrong = verify("--run", number)
    assert (code, said) == (2, "")
    assert wrong.startswith("could not check: ")


def test_what_is_no_number_is_no_run() -> None:
    with pytest.raises(CommandError, match="--run: invalid int value: 'first'"):
        call_command("verify", "--run", "first")


def test_a_database_without_tables_cannot_be_checked() -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE runs_loginlink RENAME TO elsewhere")
        try:
            code, said, wrong = verify("--json")
        finally:
            cursor.execute("ALTER TABLE elsewhere RENAME TO runs_loginlink")
    assert (code, said) == (2, "")
    assert wrong.startswith("could not check: ")
    assert "runs_loginlink" in wrong


def test_a_reference_to_nothing_is_found_in_what_was_committed() -> None:
    """Foreign keys are off while the damage is done, or it could not be committed."""
    if connection.vendor == "postgresql":
        pytest.skip("PostgreSQL lets nobody do this damage")
    made = scene(person("ada"))
    with connection.constraint_checks_disabled():
        Run.objects.filter(pk=made.run_id).update(made_by_id=999_999)
    code, said, _ = verify()
    Run.objects.filter(pk=made.run_id).update(made_by_id=None)
    assert code == 1
    assert f"row {made.run_id} of runs_run points to nothing in runs_token" in said


def test_it_changes_nothing_and_leaves_no_transaction_open() -> None:
    history(person("ada", staff=True))
    before = dump()
    assert verify()[0] == 0
    if connection.vendor == "sqlite":
        assert not connection.connection.in_transaction
    else:
        assert connection.connection.info.transaction_status == 0
    assert dump() == before


def test_what_was_marked_as_done_by_hand_has_no_result_to_compare() -> None:
    root = plant(person("ada"), subtasks=[{"key": "by_hand", "content": "a"}, {"key": "open", "content": "b"}])
    Todo.objects.filter(root=root, key="by_hand").update(status="completed")
    run = actions.start(root, actions.Options())
    assert Subtask.objects.get(run=run, key="by_hand").status == "completed"
    assert verify()[0] == 0
