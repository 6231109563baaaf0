import pytest
from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest, HttpResponse
from django.test import AsyncClient, Client

from dashboard import middleware


@pytest.mark.parametrize("path", ["/login/", "/nothing/here/", "/static/nothing.css", "/"])
def test_every_answer_says_what_a_page_may_do(db: None, path: str) -> None:
    response = Client().get(path)
    policy = response["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Referrer-Policy"] == "same-origin"
    assert response["Cross-Origin-Opener-Policy"] == "same-origin"


@pytest.mark.django_db(transaction=True)
async def test_the_headers_are_set_under_asgi_too() -> None:
    response = await AsyncClient().get("/login/")
    assert response["Content-Security-Policy"] == middleware.POLICY


def test_a_page_may_set_a_policy_of_its_own() -> None:
    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse(headers={"Content-Security-Policy": "default-src 'none'"})

    response = middleware.headers(view)(HttpRequest())
    assert isinstance(response, HttpResponse)
    assert response["Content-Security-Policy"] == "default-src 'none'"


def test_an_async_chain_stays_async() -> None:
    async def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    assert iscoroutinefunction(middleware.headers(view))
