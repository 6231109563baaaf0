import pytest
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.test import Client, RequestFactory

from dashboard.views import errors


def test_an_unknown_address_gets_a_page_that_says_so(db: None) -> None:
    response = Client().get("/nothing/here/")
    assert response.status_code == 404
    assert "There is nothing here" in response.content.decode()


def test_every_error_has_a_page_with_its_status(db: None) -> None:
    request = RequestFactory().get("/")
    pages = [
        errors.bad_request(request, Exception()),
        errors.forbidden(request, PermissionDenied()),
        errors.not_found(request, Http404()),
        errors.server_error(request),
    ]
    assert [page.status_code for page in pages] == [400, 403, 404, 500]
    assert all("To the overview" in page.content.decode() for page in pages)


def test_an_error_page_tells_nothing_of_the_inside(db: None) -> None:
    request = RequestFactory().get("/")
    page = errors.not_found(request, Http404("secret path /home/ada")).content.decode()
    assert "/home/ada" not in page


BROWSER = {"Accept": "text/html,*/*;q=0.8"}


def test_the_address_of_a_button_says_so_to_a_browser_and_nothing_is_done(browser: Client) -> None:
    response = browser.get("/rehearse/", headers=BROWSER)
    assert (response.status_code, response["Allow"]) == (405, "POST")
    assert "belongs to a button" in response.content.decode()
    assert browser.get("/rehearse/", headers={"Accept": "application/json"}).content == b""


@pytest.mark.parametrize(
    ("referer", "leads_back"),
    [
        ("http://testserver/todos/?q=a", True),
        ("http://testserver/nothing/here/", False),  # itself
        ("http://evil.example/", False),
        ("javascript:alert(1)", False),
        ("", False),
    ],
)
def test_an_error_leads_back_to_the_page_of_ours_it_came_from(db: None, referer: str, leads_back: bool) -> None:
    html = Client().get("/nothing/here/", headers={"Referer": referer}).content.decode()
    assert ("Go back" in html) is leads_back
    assert (f'href="{referer}"' in html) is leads_back


def test_a_form_that_was_open_for_too_long_leads_back_to_it() -> None:
    referer = "http://testserver/todos/7/"
    request = RequestFactory().post("/todos/7/run/", headers={"Referer": referer})
    response = errors.csrf_failure(request)
    html = response.content.decode()
    assert (response.status_code, f'href="{referer}"' in html, "Load the page again" in html) == (403, True, True)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("/runs?status=failed", "/runs/?status=failed"), ("/todos/7", "/todos/7/"), ("/admin", "/admin/")],
)
def test_an_address_without_its_last_slash_leads_to_the_page(browser: Client, typed: str, meant: str) -> None:
    response = browser.get(typed)
    assert (response.status_code, response["Location"]) == (302, meant)


@pytest.mark.parametrize("typed", ["/nothing", "/static/nothing.css", "/api/v1/runs"])
def test_what_is_no_page_with_a_slash_either_is_not_there(browser: Client, typed: str) -> None:
    assert browser.get(typed, headers={"Accept": "*/*"}).status_code == 404


def test_an_answer_that_says_something_stays_as_it_is() -> None:
    request = RequestFactory().get("/", headers=BROWSER)
    said = HttpResponse("no", status=405)
    assert errors.with_page(request, said) is said
