import pytest
from django.contrib.auth.models import User

from runs.models import Run
from tests.factories import Api, token_of

pytestmark = pytest.mark.urls("tests.sample_api")


@pytest.mark.parametrize(
    ("scope", "read", "write", "report", "nowhere"),
    [
        ("viewer", 200, 403, 200, 404),
        ("agent", 403, 403, 200, 404),
        ("operator", 200, 201, 200, 404),
        ("admin", 200, 201, 200, 404),
    ],
)
def test_readers_read_and_writers_write(
    ada: User, scope: str, read: int, write: int, report: int, nowhere: int
) -> None:
    api = Api(token_of(ada, scope), checked=False)
    assert api.get("notes/").status_code == read
    assert api.send("HEAD", "notes/").status_code == read
    assert api.post("notes/", {"text": "a"}).status_code == write
    assert api.get("report/").status_code == report
    assert api.get("nowhere/").status_code == nowhere


def test_who_may_not_write_learns_nothing_of_the_body(ada: User) -> None:
    response = Api(token_of(ada, "viewer"), checked=False).post("notes/", b"{")
    assert response.status_code == 403
    assert response.json()["detail"] == "This token may not do that."


def test_a_token_for_one_run_is_taken_where_that_is_minded_only(ada: User) -> None:
    run = Run.objects.create(owner=ada, content="a run")
    api = Api(token_of(ada, "admin", run=run), checked=False)
    assert api.get("report/").status_code == 200
    assert api.get("notes/").status_code == 403
    assert api.post("notes/", {"text": "a"}).status_code == 403
