"""The page of past runs, and two of them beside each other."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from dashboard.pages.compare_page import change
from runs.models import Run
from tests.factories import person
from tests.scenes import Scene, scene


def ended(owner: User, seconds: float) -> Scene:
    made = scene(owner, ("a", "b", "c"), max_agents=3)
    made.start("a", "b", "c")
    made.later(seconds)
    made.complete("a", "b", "c")
    Run.objects.filter(pk=made.run_id).update(finished_at=timezone.now())
    return made


@pytest.fixture
def signed_in(client: Client, ada: User) -> Client:
    client.force_login(ada)
    return client


def text(client: Client, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status
    return answer.content.decode()


def test_without_a_past_the_page_says_so(signed_in: Client) -> None:
    assert "No run has ended in the last 30 days." in text(signed_in, "/insights/")
    assert "No run has ended in the last 7 days." in text(signed_in, "/insights/?days=7")
    assert "No run has ended in the last 30 days." in text(signed_in, "/insights/?days=8'")


def test_past_runs_are_listed_with_what_is_not_known_yet(signed_in: Client, ada: User) -> None:
    made = ended(ada, 10)
    page = text(signed_in, "/insights/")
    assert f"/runs/{made.run_id}/insight/" in page
    assert "no record yet" in page and "simulate" in page and "estimated" in page


def test_two_runs_stand_beside_each_other(signed_in: Client, ada: User) -> None:
    one, other = ended(ada, 10), ended(ada, 20)
    for address in (f"?compare={one.run_id},{other.run_id}", f"?compare={one.run_id}&compare={other.run_id}"):
        page = text(signed_in, f"/insights/{address}")
        assert f"Run {one.run_id}" in page and f"Run {other.run_id}" in page
        assert "Where the time went" in page and "Finished work" in page and "+100 %" in page


@pytest.mark.parametrize("wanted", ["1", "1,2,3", "x", ""])
def test_any_other_number_of_runs_is_told_to_be_two(signed_in: Client, wanted: str) -> None:
    assert "Pick two runs to compare" in text(signed_in, f"/insights/?compare={wanted}")


def test_a_run_of_somebody_else_cannot_be_compared(signed_in: Client, ada: User) -> None:
    one, other = ended(ada, 10), ended(person("ben"), 10)
    assert signed_in.get(f"/insights/?compare={one.run_id},{other.run_id}").status_code == 404


def test_a_run_that_has_not_begun_has_no_time_to_compare(signed_in: Client, ada: User) -> None:
    one, other = ended(ada, 10), scene(ada)
    assert "cannot be told" in text(signed_in, f"/insights/?compare={one.run_id},{other.run_id}")


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        (10.0, 20.0, "+100 %"),
        (10.0, 9.0, "−10 %"),
        (10.0, 10.0, "±0 %"),
        (10.0, 1.2, "−88 %"),
        (0.001, 20.0, "20,000 times as much"),
        (1.0, 1482.0, "1,500 times as much"),
        (1.0, 12.6, "13 times as much"),
        (20.0, 1.0, "−95 %"),
        (1482.0, 1.0, "next to nothing"),
        (10.0, 0.0, "−100 %"),
        (0.0, 20.0, ""),
        (None, 20.0, ""),
        (1.0, None, ""),
    ],
)
def test_a_change_is_said_where_it_has_a_meaning(first: float | None, second: float | None, words: str) -> None:
    assert change(first, second) == words
