from django.core.exceptions import PermissionDenied
from django.http import Http404
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
