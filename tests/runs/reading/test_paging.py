import pytest
from django.contrib.auth.models import User

from runs.models import Run
from runs.reading import paging
from runs.reading.paging import Page
from todos.models import Todo

pytestmark = pytest.mark.django_db


@pytest.fixture
def todos(ada: User) -> list[Todo]:
    """Seven, two and two of the same priority."""
    return [Todo.objects.create(owner=ada, content=f"todo {at}", priority=1 + at // 2) for at in range(7)]


def walk(order: list[str], limit: int) -> list[list[str]]:
    """Every page in turn, by its `next`."""
    pages, cursor = [], ""
    while True:
        page: Page[Todo] = paging.page(Todo.objects.all(), order, cursor, limit)
        pages.append([todo.content for todo in page.rows])
        if not page.next:
            return pages
        cursor = page.next


def test_pages_together_hold_every_row_once(todos: list[Todo]) -> None:
    names = [todo.content for todo in todos]
    assert walk(["pk"], 3) == [names[:3], names[3:6], names[6:]]
    assert walk(["-pk"], 3) == [names[6:3:-1], names[3:0:-1], names[:1]]


def test_rows_that_are_equal_in_the_first_column_follow_the_next(todos: list[Todo]) -> None:
    names = [todo.content for todo in todos]
    assert [name for page in walk(["priority", "-pk"], 1) for name in page] == [
        names[at] for at in (1, 0, 3, 2, 5, 4, 6)
    ]


def test_a_page_leads_back_to_the_one_before(todos: list[Todo]) -> None:
    first: Page[Todo] = paging.page(Todo.objects.all(), ["priority", "-pk"], "", 3)
    second = paging.page(Todo.objects.all(), ["priority", "-pk"], first.next, 3)
    third = paging.page(Todo.objects.all(), ["priority", "-pk"], second.next, 3)
    back = paging.page(Todo.objects.all(), ["priority", "-pk"], third.previous, 3)
    assert [todo.pk for todo in back.rows] == [todo.pk for todo in second.rows]
    assert first.previous == ""
    assert third.next == ""
    again = paging.page(Todo.objects.all(), ["priority", "-pk"], back.previous, 3)
    assert [todo.pk for todo in again.rows] == [todo.pk for todo in first.rows]
    assert again.previous == ""
    assert again.next


def test_rows_that_are_made_meanwhile_do_not_move_the_next_page(todos: list[Todo], ada: User) -> None:
    first: Page[Todo] = paging.page(Todo.objects.all(), ["-pk"], "", 3)
    Todo.objects.create(owner=ada, content="new")
    second = paging.page(Todo.objects.all(), ["-pk"], first.next, 3)
    assert [todo.content for todo in second.rows] == ["todo 3", "todo 2", "todo 1"]


def test_no_rows_make_a_page_without_neighbours() -> None:
    empty: Page[Run] = paging.page(Run.objects.all(), ["-pk"], "", 3)
    assert empty == Page([])


@pytest.mark.parametrize(
    "damaged",
    [
        "x",
        "!!!",
        "W10",
        "bnVsbA",
        "WzEsIFsxXV0",
        "WzEsIDEsIDJd",
        "WzEsIG51bGxd",
        "WzEsICJ4Il0",
        "WzEsIDFlOTk5XQ",
        "WzEsIDk5OTk5OTk5OTk5OTk5OTk5OTk5XQ",
        "é",
    ],
)
def test_a_damaged_cursor_shows_the_first_page(todos: list[Todo], damaged: str) -> None:
    page: Page[Todo] = paging.page(Todo.objects.all(), ["pk"], damaged, 3)
    assert [todo.content for todo in page.rows] == ["todo 0", "todo 1", "todo 2"]
