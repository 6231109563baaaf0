from datetime import UTC, datetime

from django.contrib.auth.models import User

from todos.actions.inserting import insert
from todos.models import Todo

NOW = datetime(2026, 1, 1, 12, 0, 0, 5, tzinfo=UTC)


def test_rows_come_back_as_they_were_written(ada: User) -> None:
    row = {"owner_id": ada.pk, "content": "a", "executor": {"name": "é"}, "created_at": NOW, "updated_at": NOW}
    insert(Todo, [row, row | {"content": "b", "executor": None}])
    first, second = Todo.objects.order_by("pk")
    assert (first.content, first.executor, first.created_at) == ("a", {"name": "é"}, NOW)
    assert (second.content, second.executor) == ("b", None)
    assert Todo.objects.filter(executor__isnull=True).get() == second


def test_what_is_left_out_gets_its_default(ada: User) -> None:
    insert(Todo, [{"owner_id": ada.pk, "content": "a", "created_at": NOW, "updated_at": NOW}])
    found, expected = Todo.objects.get(), Todo(owner=ada, content="a")
    for field in Todo._meta.concrete_fields:
        if field.name not in {"id", "created_at", "updated_at"}:
            assert getattr(found, field.attname) == getattr(expected, field.attname)


def test_no_rows_are_no_statement(db: None) -> None:
    insert(Todo, [])
    assert not Todo.objects.exists()
