import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from runs.models import Run, Subtask
from tests.factories import plant
from tests.scenes import Scene, scene
from todos.models import Todo

pytestmark = pytest.mark.django_db


@pytest.fixture
def there(ada: User) -> Scene:
    """a is completed, b has failed, c waits."""
    made = scene(ada, "abc", max_agents=2)
    made.start("a", "b")
    made.complete("a")
    made.fail("b")
    return made


def test_a_list_of_runs_is_set_beside_its_subtasks(browser: Client, there: Scene) -> None:
    found = browser.get("/runs/prove/", {"of": str(there.run_id)}).json()
    numbers = {"total": 3, "completed": 1, "in_progress": 0, "pending": 1, "failed": 1}
    assert found["kept"] == found["counted"] == {str(there.run_id): numbers}
    assert list(found["names"]) == list(numbers)


def test_what_is_kept_of_a_run_is_told_apart_from_what_is_counted(browser: Client, there: Scene) -> None:
    Subtask.objects.filter(run=there.run_id, key="c").update(status="completed")
    found = browser.get("/runs/prove/", {"of": str(there.run_id)}).json()
    assert found["kept"][str(there.run_id)]["completed"] == 1
    assert found["counted"][str(there.run_id)]["completed"] == 2


def test_a_list_of_todos_is_set_beside_its_leaves(browser: Client, ada: User) -> None:
    alone = Todo.objects.create(owner=ada, content="One thing", status="completed")
    todo = plant(ada, subtasks=[{"key": key, "content": key} for key in "abc"])
    found = browser.get("/todos/prove/", {"of": f"{todo.pk},{alone.pk}"}).json()
    assert found["kept"] == found["counted"]
    pending = {"total": 3, "completed": 0, "in_progress": 0, "pending": 3, "failed": 0}
    assert found["counted"][str(todo.pk)] == pending
    assert found["counted"][str(alone.pk)]["completed"] == 1


def test_what_insights_tell_of_is_counted(browser: Client, there: Scene) -> None:
    ended = scene(there.run.owner, "xy")
    ended.start("x", "y")
    ended.complete("x", "y")
    Run.objects.filter(pk=ended.run_id).update(finished_at=there.run.created_at)
    found = browser.get("/insights/prove/", {"days": "365"}).json()
    assert found["kept"] == found["counted"] == {"all": {"runs": 1, "completed": 2}}
    assert browser.get("/insights/prove/", {"status": "failed"}).json()["kept"]["all"]["runs"] == 0


@pytest.mark.parametrize("of", ["", "x", "1" * 30, "-1", "%00"])
def test_what_names_no_row_proves_none(browser: Client, there: Scene, of: str) -> None:
    for path in ("/runs/prove/", "/todos/prove/"):
        assert browser.get(path, {"of": of}).json()["kept"] == {}


def test_nobody_proves_what_is_somebody_elses(eves: Client, there: Scene) -> None:
    assert eves.get("/runs/prove/", {"of": str(there.run_id)}).json()["kept"] == {}
    assert eves.get("/todos/prove/", {"of": str(there.run.todo_id)}).json()["kept"] == {}
    assert eves.get("/insights/prove/").json()["kept"]["all"] == {"runs": 0, "completed": 0}


def test_a_proof_takes_the_same_queries_for_one_run_and_for_many(
    browser: Client, ada: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    counts = []
    for number in (1, 9):
        for _ in range(number):
            scene(ada, "ab")
        of = ",".join(map(str, Run.objects.values_list("pk", flat=True)))
        with django_assert_max_num_queries(8) as taken:
            assert len(browser.get("/runs/prove/", {"of": of}).json()["kept"]) == len(of.split(","))
        counts.append(len(taken))
    assert counts[0] == counts[1]
