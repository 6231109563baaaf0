import logging
from typing import Any

import pytest
from django.contrib.auth.models import User

from tests.factories import Api, pointers, token_of

pytestmark = pytest.mark.urls("tests.sample_api")


@pytest.fixture
def api(ada: User) -> Api:
    return Api(token_of(ada), checked=False)


def problem(response: Any) -> dict[str, Any]:
    assert response.headers["Content-Type"] == "application/problem+json"
    found: dict[str, Any] = response.json()
    assert found["status"] == response.status_code
    assert set(found) - {"current"} == {"type", "title", "status", "detail", "errors"}
    return found


def test_a_handler_gets_its_body_as_a_model(api: Api) -> None:
    response = api.post("notes/", {"text": "a"})
    assert (response.status_code, response.json()) == (201, {"texts": ["a"]})
    assert response.headers["Content-Type"] == "application/json"


def test_a_list_is_taken_where_the_operation_says_so(api: Api) -> None:
    assert api.post("notes/", [{"text": "a"}, {"text": "b"}]).json() == {"texts": ["a", "b"]}
    assert api.send("PUT", "choosy/", [{"text": "a"}]).status_code == 422


def test_a_handler_may_choose_its_status(api: Api) -> None:
    assert api.send("PUT", "choosy/", {"text": "a"}).status_code == 202


def test_pointers_lead_into_the_body(api: Api) -> None:
    response = api.post("notes/", {"text": "a", "parts": [{"text": ""}], "extra": 1})
    assert problem(response)["title"] == "Invalid"
    assert pointers(response) == ["/parts/0/text", "/extra"]
    assert pointers(api.post("notes/", [{"text": "a"}, {}])) == ["/1/text"]


@pytest.mark.parametrize(
    ("kind", "status", "title"),
    [
        ("missing", 404, "Not found"),
        ("conflict", 409, "Conflict"),
        ("stale", 412, "Changed meanwhile"),
        ("forbidden", 403, "Forbidden"),
        ("busy", 503, "Busy"),
        ("locked", 503, "Busy"),
    ],
)
def test_what_is_refused_becomes_a_problem(api: Api, kind: str, status: int, title: str) -> None:
    response = api.get(f"faults/{kind}/")
    assert (problem(response)["status"], problem(response)["title"]) == (status, title)
    assert ("Retry-After" in response.headers) == (status == 503)


def test_a_conflict_says_what_stands(api: Api) -> None:
    assert problem(api.get("faults/conflict/"))["current"] == "running"
    assert "current" not in problem(api.get("faults/missing/"))


def test_a_fault_of_ours_is_logged_and_not_told(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    api.client.raise_request_exception = False
    with caplog.at_level(logging.ERROR):
        response = api.get("faults/fault/")
    assert problem(response)["status"] == 500
    assert "secret" not in response.text
    assert "a secret" in caplog.text


@pytest.mark.parametrize(
    ("path", "method"),
    [
        ("notes", "GET"),
        ("nothing/", "GET"),
        ("nothing/", "DELETE"),
        ("", "GET"),
        ("notes/0/", "GET"),
        ("a/b/c", "POST"),
    ],
)
def test_a_path_that_is_not_there_is_a_problem(api: Api, path: str, method: str) -> None:
    assert problem(api.send(method, path))["status"] == 404


@pytest.mark.parametrize("number", ["9223372036854775808", "1" * 5000, "01", "-1", "1.0", "%31%00"])
def test_an_id_that_cannot_be_is_not_there(api: Api, number: str) -> None:
    assert problem(api.get(f"notes/{number}/"))["status"] == 404


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "TRACE", "PROPFIND"])
def test_a_method_that_is_not_there_is_405(api: Api, method: str) -> None:
    response = api.send(method, "notes/")
    assert problem(response)["status"] == 405
    assert response.headers["Allow"] == "GET, HEAD, POST"


def test_a_head_is_a_get_without_body(api: Api) -> None:
    response = api.send("HEAD", "notes/7/")
    assert (response.status_code, response.content) == (200, b"")


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "", "application/xml"],
)
def test_only_json_is_taken(api: Api, content_type: str) -> None:
    response = api.client.generic("POST", "/api/v1/notes/", b'{"text": "a"}', content_type, headers=api.headers)
    assert problem(response)["status"] == 415


def test_json_is_utf_8_whatever_its_type_says(api: Api) -> None:
    response = api.client.generic(
        "POST", "/api/v1/notes/", '{"text": "é"}'.encode(), "application/json; charset=latin-1", headers=api.headers
    )
    assert response.json() == {"texts": ["é"]}


def test_an_answer_that_is_not_wanted_is_406(api: Api) -> None:
    assert problem(api.send("GET", "notes/", headers={"Accept": "text/html"}))["status"] == 406
    assert api.send("GET", "notes/", headers={"Accept": "text/html, */*;q=0.1"}).status_code == 200


def test_a_raw_answer_ignores_what_is_wanted(api: Api) -> None:
    response = api.send("GET", "report/", headers={"Accept": "application/json"})
    assert (response.status_code, response.content) == (200, b"plain")


def test_hostile_json_is_400_before_anything_else(api: Api) -> None:
    response = api.post("notes/", b'{"text": "\\u0000"}')
    assert (problem(response)["status"], pointers(response)) == (400, ["/text"])


def test_an_empty_body_lacks_the_required_fields(api: Api) -> None:
    assert pointers(api.post("notes/", b"")) == ["/text"]


def test_a_large_body_is_413(api: Api) -> None:
    assert problem(api.post("notes/", b'"' + b"a" * 1024 * 1024 + b'"'))["status"] == 413
    assert problem(api.post("notes/", b'"' + b"a" * 5 * 1024 * 1024 + b'"'))["status"] == 413
    assert api.post("notes/", b'{"text": "a"}' + b" " * (1024 * 1024 - 13)).status_code == 201


def test_the_query_string_is_checked(api: Api) -> None:
    assert pointers(api.get("notes/", flag="yes")) == ["/query/flag"]


def test_one_object_has_an_etag(api: Api) -> None:
    response = api.get("notes/7/")
    tag = response.headers["ETag"]
    assert tag.startswith('"3-')
    assert response.headers["Cache-Control"] == "private, no-cache"
    unchanged = api.send("GET", "notes/7/", headers={"If-None-Match": f'"other", W/{tag}'})
    assert (unchanged.status_code, unchanged.content, unchanged.headers["ETag"]) == (304, b"", tag)
    assert api.send("GET", "notes/8/", headers={"If-None-Match": tag}).status_code == 200
    assert api.send("GET", "notes/8/", headers={"If-None-Match": "*"}).status_code == 304


@pytest.mark.parametrize(
    ("tag", "status"),
    [("*", 200), ('"3-abc"', 200), ('"1-abc", "3-abc"', 200), ('"2-abc"', 412), ('"abc"', 412), ("nonsense", 412)],
)
def test_if_match_names_the_versions_that_may_be_changed(api: Api, tag: str, status: int) -> None:
    assert api.patch("notes/7/", {"text": "a"}, If_Match=tag).status_code == status


def test_an_answer_without_a_body_has_no_type(api: Api) -> None:
    response = api.delete("notes/7/")
    assert (response.status_code, response.content) == (204, b"")
    assert "Content-Type" not in response.headers
