"""Many new rows at once: they come back as they went in."""

from typing import Any

import pytest

from runs.engine import states
from runs.making import storing
from runs.models import Run, Subtask, SubtaskDependency
from tests.runs.factories import NOW, ada, work

pytestmark = pytest.mark.django_db

ODD = "a\tb\nc\\N\r'\"%s é ☂ \U0001f333"
VALUES: Any = [None, {}, [], {ODD: [ODD, None, 1.5, True]}]


def subtasks(run: int) -> list[Subtask]:
    plain = {"run_id": run, "created_at": NOW, "content": ODD, "lane": "query", "timeout_seconds": 0.1}
    return [
        Subtask(key=f"k{at}", position=at, executor=value, result=value, status=states.Status.PENDING, **plain)
        for at, value in enumerate(VALUES)
    ]


def test_rows_come_back_as_they_went_in() -> None:
    run = Run.objects.create(owner=ada(), content="Store").pk
    made = subtasks(run)
    storing.store(made)
    names = [field.attname for field in Subtask._meta.concrete_fields if not field.generated]
    kept = Subtask.objects.filter(run=run).order_by("pk").values_list(*names)
    assert list(kept) == [tuple(getattr(one, name) for name in names) for one in made]
    assert [type(one[names.index("status")]) for one in kept] == [str] * len(made)


def test_rows_can_be_changed_once_they_are_stored() -> None:
    made = subtasks(Run.objects.create(owner=ada(), content="Store").pk)
    storing.store(made)
    made[0].content = "Another"
    made[0].save(update_fields=["content"])
    assert Subtask.objects.get(pk=made[0].pk).content == "Another"


def test_numbers_are_those_of_the_database_so_that_others_can_go_on() -> None:
    one = work({"a": {}, "b": {"needs": ["a"]}, "c": {"needs": ["a", "b"]}})
    links = SubtaskDependency.objects.filter(run=one.run_id).values_list("before__key", "after__key")
    assert sorted(links) == [("a", "b"), ("a", "c"), ("b", "c")]
    later = Subtask.objects.create(run_id=one.run_id, key="later", position=9, content="x", lane="query")
    assert later.pk > one.subtask("c").pk


def test_nothing_is_stored_of_nothing() -> None:
    storing.store([])
    assert Subtask.objects.count() == 0
