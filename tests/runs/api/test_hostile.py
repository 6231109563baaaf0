"""Input that means harm, or nothing, against every route there is: refused where it is wrong, and nothing changed.

Routes, methods, fields and parameters are taken from the declarations, so that a new one is tried as well.
"""

import json
from typing import Any
from urllib.parse import quote

import pytest
from django.contrib.auth.models import User

from tests.factories import Api, pointers
from tests.runs.api.test_matrix import MATRIX, as_column, filled, methods, routes
from tests.runs.factories import dump
from tests.todos.api.test_hostile import BODIES, NO_VALUES, UNKNOWN_FIELDS, WRONG_VALUES
from todos.rest.operation import Operation, operation_of

BODY_OF = {(method, path): body or {} for method, path, body, _ in reversed(MATRIX)}
VIEWS = dict(routes())
EVERY = sorted((method, path) for path, view in VIEWS.items() for method in methods(view))
# Hooks take whatever comes; theirs is in tests/runs/tracking.
TAKING = sorted(
    (method, path)
    for path, view in VIEWS.items()
    for method in methods(view) - {"GET", "DELETE"}
    if not path.startswith("hooks/")
)
ASKING = sorted(
    (method, path)
    for path, view in VIEWS.items()
    for method in methods(view)
    if (found := operation_of(view, method)) and found.query
)


def declared(method: str, path: str) -> Operation:
    found = operation_of(VIEWS[path], method)
    assert found is not None, f"{method} {path} declares nothing"
    return found


# ---- bodies ----


@pytest.mark.parametrize(("method", "path"), TAKING)
def test_a_body_that_is_none_is_refused_everywhere(api: Api, ada: User, method: str, path: str) -> None:
    target = filled(path, ada)
    before = dump()
    for name, (body, status) in BODIES.items():
        expected = 413 if len(body) > declared(method, path).max_bytes else status
        response = api.send(method, target, body)
        assert response.status_code == expected, f"{name}: {response.content[:300]!r}"
    assert dump() == before


def taken(path: str, field: str, name: str) -> bool:
    """What agents send is kept as it is, be it large or odd."""
    long_text = field == "output" or (path.endswith("output/") and field == "text")
    return field in {"result", "partial_result", "data"} or (long_text and name == "10,000 characters")


def _with(body: dict[str, Any], field: str, value: bytes) -> bytes:
    """An otherwise good body with this in this field."""
    rest = json.dumps({name: one for name, one in body.items() if name != field}).encode()[1:-1]
    return b"{" + json.dumps(field).encode() + b": " + value + (b", " if rest else b"") + rest + b"}"


@pytest.mark.parametrize(("method", "path"), TAKING)
def test_what_no_field_takes_is_refused_in_every_field(api: Api, ada: User, method: str, path: str) -> None:
    target, body = filled(path, ada), BODY_OF[method, path]
    before = dump()
    for field in declared(method, path).body.model_fields:
        for name, value in (NO_VALUES | WRONG_VALUES).items():
            if name in WRONG_VALUES and taken(path, field, name):
                continue
            response = api.send(method, target, _with(body, field, value))
            status = 400 if name in NO_VALUES else 422
            assert response.status_code == status, f"{name} as {field}: {response.content[:300]!r}"
            assert all(one == "" or one.startswith(f"/{field}") for one in pointers(response)), (name, field)
    assert dump() == before


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"max_agents": 0}, "/max_agents"),
        ({"max_agents": 1_001}, "/max_agents"),
        ({"max_agents": "4"}, "/max_agents"),
        ({"max_agents": 4.0}, "/max_agents"),
        ({"max_agents": True}, "/max_agents"),
        ({"max_agents": None}, "/max_agents"),
        ({"fail_fast": 1}, "/fail_fast"),
        ({"backend": "celery"}, "/backend"),
        ({"strategy": ""}, "/strategy"),
        ({"lanes": {"query": {"concurrency": 0}}}, "/lanes/query/concurrency"),
        ({"lanes": {"query": {"concurrency": 10**6}}}, "/lanes/query/concurrency"),
        ({"lanes": {"query": {"mode": "x"}}}, "/lanes/query/mode"),
        ({"lanes": {"other": {}}}, "/lanes/other"),
        ({"budget": {"cost": -0.01}}, "/budget/cost"),
        ({"budget": {"cost": "1"}}, "/budget/cost"),
        ({"budget": {"tokens": -1}}, "/budget/tokens"),
        ({"budget": {"tokens": 1.5}}, "/budget/tokens"),
    ],
)
def test_options_of_a_run_are_refused_where_they_are_wrong(
    api: Api, ada: User, body: dict[str, Any], pointer: str
) -> None:
    target = filled("todos/<id:todo>/run/", ada)
    before = dump()
    response = api.post(target, body)
    assert (response.status_code, pointers(response)) == (422, [pointer])
    assert dump() == before


def test_fields_that_are_not_there_cannot_be_set(api: Api, ada: User) -> None:
    for method, path in TAKING:
        if path.startswith("todowrite/"):
            continue  # the input of a tool as it is, whatever its version adds
        target = filled(path, ada)
        before = dump()
        for field in UNKNOWN_FIELDS:
            response = api.send(method, target, _with(BODY_OF[method, path], field, b"1"))
            assert (response.status_code, pointers(response)) == (422, [f"/{field}"]), f"{method} {path}"
        assert dump() == before


# ---- parameters ----

TEXTS = {"q", "agent"}  # parameters that may be any text
NO_PARAMETERS = [
    *("", "\0", "1\0", "-1", "-0", "+1", "1.5", "1e3", "0x10", "NaN", "Infinity", "null", "[]", "{}", "a,,b", ","),
    *("9" * 19, "9" * 400, "9" * 5_000, "\u0661", "\ufeff1", "\ud83d", "%", "'; --", "true ", "TRUE", "x" * 5_000),
]


@pytest.mark.parametrize(("method", "path"), ASKING)
def test_a_hostile_parameter_is_refused_everywhere(api: Api, ada: User, method: str, path: str) -> None:
    target, query = filled(path, ada), declared(method, path).query
    assert query is not None
    for name in query.model_fields:
        for value in NO_PARAMETERS:
            response = api.send(method, f"{target}?{name}={quote(value, errors='surrogatepass')}")
            said = f"{name}={value[:20]!a}: {response.content[:200]!r}"
            if name in TEXTS and "\0" not in value and len(value) <= 200:
                assert response.status_code == 200, said
            else:
                found = (response.status_code, pointers(response)[0][: len(name) + 7])
                assert found == (422, f"/query/{name}"), said


@pytest.mark.parametrize(
    ("value", "status"),
    [
        ("0001-01-01T00:00:00+14:00", 422),
        ("9999-12-31T23:59:59-14:00", 422),
        ("0001-01-01", 200),
        ("9999-12-31T23:59:59.999999Z", 200),
        ("24:00", 422),
    ],
)
def test_a_time_at_the_edge_of_all_times_is_one_or_is_refused(api: Api, value: str, status: int) -> None:
    assert api.get("runs/", started_after=value).status_code == status


def test_parameters_are_refused_that_are_unknown_given_twice_or_too_many(api: Api, ada: User) -> None:
    for method, path in ASKING:
        target = filled(path, ada)
        for query, status in (
            ("there_is_no_such=1", 422),
            ("%00=1", 422),
            ("limit[]=1", 422),
            ("x" * 5_000, 422),
            ("limit=1&limit=1", 422),
            ("&".join(f"a{n}=1" for n in range(1_001)), 422),
        ):
            response = api.send(method, f"{target}?{query}")
            assert response.status_code == status, f"{path}?{query[:20]}: {response.content[:200]!r}"


# ---- paths ----

NO_IDS = ["0", "-1", "1.0", "1e3", "x", "9" * 19, "9" * 20, "9" * 400, "1%00", "1%0a", "%D9%A1", "..", "1;2", "%ff"]
NO_KEYS = ["%00", "a%00", "x" * 65, "%E2%82%AC", "a%0a", "a%2Fb", "%ff", "..;", "a b"]


@pytest.mark.parametrize("number", NO_IDS)
def test_an_odd_id_is_not_there_on_any_path(api: Api, number: str) -> None:
    for path, view in VIEWS.items():
        if "<id:" in path:
            target = path.replace("<id:run>", number).replace("<id:todo>", number).replace("<key:key>", "a")
            target = target.replace("<id:agent>", number).replace("<id:attempt>", number)
            for method in methods(view):
                body = None if method == "GET" else BODY_OF[method, path]
                assert api.send(method, target, body).status_code == 404, f"{method} {target}"


@pytest.mark.parametrize("key", [*NO_KEYS, "b"])
def test_an_odd_key_is_not_there_on_any_path(api: Api, ada: User, key: str) -> None:
    for path, view in VIEWS.items():
        if "<key:" in path:
            target = filled(path.replace("<key:key>", key), ada)
            body = {"approve": True} if path.endswith("answer/") else None
            for method in methods(view):
                assert api.send(method, target, body).status_code == 404, f"{method} {target}"


# ---- headers ----

HEADERS = [
    ("Accept", "application/xml"),
    ("Accept", "\xff, ;q=x"),
    ("Accept", "*/*;q=" + "9" * 400),
    ("Accept-Language", "\xff;q=NaN"),
    ("If-None-Match", '"'),
    ("If-None-Match", "\xff" * 900),
    ("If-Match", "W/"),
    ("Range", "bytes=" + "9" * 400 + "-"),
    ("Range", "bytes=-0"),
    ("Range", "bytes=\u00b2-"),
    ("Range", "lines=1-2, 3-"),
    ("Content-Type", "multipart/form-data"),
    ("Content-Type", "application/json; charset=no-such"),
    ("Content-Type", "\xff/\xff"),
    ("Cookie", "sessionid=\xff; abreast_session=" + "x" * 900),
    ("X-Forwarded-Host", "elsewhere.example"),
    ("X-HTTP-Method-Override", "DELETE"),
]


@pytest.mark.parametrize(("method", "path"), EVERY)
def test_an_odd_header_is_an_error_of_whoever_sent_it_at_most(ada: User, eve: User, method: str, path: str) -> None:
    body = json.dumps(BODY_OF[method, path]).encode() if method in {"POST", "PATCH"} else None
    for column in ("admin", "owner"):
        api = as_column(column, ada, eve)
        api.checked = False
        target = filled(path, ada)
        for name, value in HEADERS:
            response = api.send(method, target, body, headers={name: value})
            assert response.status_code < 500, f"{name}: {value!a}: {response.content[:300]!r}"
            if method != "GET" and response.status_code < 300:
                target = filled(path, ada)


def test_a_form_that_cannot_be_read_is_an_error_of_whoever_sent_it(ada: User, eve: User) -> None:
    api = as_column("owner", ada, eve)
    api.headers = {}  # so that the CSRF token is looked for in the form
    for content_type in (
        "multipart/form-data",
        "multipart/form-data; boundary=\xff",
        "multipart/form-data; boundary=x",
    ):
        response = api.client.generic("POST", "/api/v1/todos/", b"--x\r\nno form", content_type=content_type)
        assert response.status_code in {400, 403, 415}, response.content
