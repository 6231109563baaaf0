from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from pytest_django import DjangoAssertNumQueries

from runs.models import LoginLink
from tests.factories import Api, all_pages, follow, pointers, token_of

pytestmark = pytest.mark.urls("tests.sample_api")
START = datetime(2026, 1, 1, 12, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture
def api(ada: User) -> Api:
    return Api(token_of(ada), checked=False)


@pytest.fixture(autouse=True)
def links(ada: User) -> list[LoginLink]:
    """Ten, of which always three in a row have the same time."""
    return [
        LoginLink.objects.create(user=ada, digest=f"{n}", expires_at=START + timedelta(seconds=n // 3))
        for n in range(10)
    ]


def test_a_page_counts_all_and_holds_some(api: Api) -> None:
    page = api.get("notes/", limit=4).json()
    assert (page["count"], len(page["results"]), page["previous"]) == (10, 4, None)
    assert page["next"].startswith("http://testserver/api/v1/notes/?limit=4&cursor=")


@pytest.mark.parametrize("limit", [1, 3, 4, 9, 10, 11, 500])
@pytest.mark.parametrize(
    ("ordering", "expected"), [("id", "0123456789"), ("-id", "9876543210"), ("digest", "2105438769")]
)
def test_pages_together_hold_every_row_once(api: Api, limit: int, ordering: str, expected: str) -> None:
    rows = [row["digest"] for row in all_pages(api, "notes/", limit=limit, ordering=ordering)]
    assert "".join(rows) == expected


def test_the_way_back_shows_the_same_pages(api: Api) -> None:
    first = api.get("notes/", limit=4, ordering="digest").json()
    second = follow(api, first["next"]).json()
    third = follow(api, second["next"]).json()
    assert third["next"] is None
    back = follow(api, third["previous"]).json()
    assert back["results"] == second["results"]
    assert follow(api, back["previous"]).json()["results"] == first["results"]
    assert follow(api, back["previous"]).json()["previous"] is None


def test_rows_that_come_and_go_move_no_other(api: Api, links: list[LoginLink], ada: User) -> None:
    page = api.get("notes/", limit=5).json()
    links[0].delete()
    links[4].delete()
    LoginLink.objects.create(user=ada, digest="new", expires_at=START)
    rows = [row["digest"] for row in follow(api, page["next"]).json()["results"]]
    assert rows == ["5", "6", "7", "8", "9"]


def test_a_page_past_the_end_is_empty(api: Api) -> None:
    last = api.get("notes/", limit=9).json()["next"]
    LoginLink.objects.all().delete()
    assert follow(api, last).json() == {"count": 0, "next": None, "previous": None, "results": []}


@pytest.mark.parametrize("limit", ["0", "501", "-1", "a", "1e1"])
def test_a_limit_is_from_1_to_500(api: Api, limit: str) -> None:
    response = api.get("notes/", limit=limit)
    assert (response.status_code, pointers(response)) == (422, ["/query/limit"])


def test_a_cursor_is_taken_back_as_it_was_given_only(api: Api) -> None:
    following = api.get("notes/", limit=4).json()["next"]
    for url in (following + "x", following.replace("cursor=", "cursor=x"), "/api/v1/notes/?cursor=a"):
        response = follow(api, url)
        assert (response.status_code, pointers(response)) == (422, ["/query/cursor"])


def test_a_cursor_belongs_to_its_ordering(api: Api) -> None:
    response = follow(api, api.get("notes/", limit=4).json()["next"] + "&ordering=-id")
    assert pointers(response) == ["/query/cursor"]


def test_only_listed_orderings_are_taken(api: Api) -> None:
    assert pointers(api.get("notes/", ordering="user__password")) == ["/query/ordering"]


def test_a_page_costs_two_queries(api: Api, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    api.get("notes/")
    with django_assert_num_queries(2):
        api.get("notes/", limit=2)
