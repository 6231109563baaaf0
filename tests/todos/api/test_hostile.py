"""Input that means harm, or nothing, against every endpoint of todos: refused with a pointer, and nothing changed."""

import json
from typing import Any

import pytest

from tests.factories import EXAMPLE, Api, made
from todos.models import Claim, Dependency, Todo

# ---- values that no field takes: refused before anybody asks what they are for ----

NO_VALUES = {
    "NUL": b'"a\\u0000b"',
    "half a pair": b'"\\ud83d"',
    "the other half": b'"\\ude00 \\ud83d"',
    "half a pair, raw": b'"\xed\xa0\xbd"',
    "overlong NUL": b'"\xc0\x80"',
    "not UTF-8": b'"\xff"',
    "a control character": b'"a\x01"',
    "NaN": b"NaN",
    "infinity": b"-Infinity",
    "infinity in digits": b"1e999",
    "65 bits": b"9223372036854775808",
    "5,000 digits": b"1" * 5_000,
    "5,000 digits and a dot": b"1" * 5_000 + b".5",
    "a key twice": b'{"a": 1, "a": 2}',
    "a key twice, deep": b'[[{"name": "shell", "name": "read"}]]',
    "NUL in a key": b'{"a\\u0000": 1}',
    "33 levels": b"[" * 33 + b"]" * 33,
    "100,000 levels": b"[" * 100_000,
    "a hex number": b"0x10",
    "a plus sign": b"+1",
    "a leading zero": b"01",
    "single quotes": b"'a'",
    "a comma too many": b'["a",]',
    "a comment": b"1 /* one */",
}
# ---- values that are JSON, and wrong in every field ----
WRONG_VALUES = {
    "an odd object": b'{"x": {"y": [{}]}}',
    "an odd list": b'[[{"x": null}]]',
    "a huge number": b"9223372036854775807",
    "a tiny number": b"-9223372036854775808",
    "a float": b"1e308",
    "a list of nulls": b"[null, null]",
    "10,000 characters": b'"' + b"x" * 70_000 + b'"',
}
SPEC_FIELDS = """
    content priority status executor lane phase estimated_seconds timeout_seconds max_retries max_iterations complexity
    parallelizable assigned_agent inputs rollback verify when resources aggregate
""".split()
SUBTASK_FIELDS = [*SPEC_FIELDS, "key", "depends_on", "subtasks"]
CHANGE_FIELDS = [*SPEC_FIELDS, "depends_on", "position", "parent"]
UNKNOWN_FIELDS = ["id", "owner", "root", "version", "counts", "created_at", "is_staff", "__proto__", "$ref"]


def with_field(field: str, value: bytes, around: bytes = b"%s") -> bytes:
    """An otherwise good body with this in this field."""
    content = b"" if field == "content" else b'"content": "a", '
    return around % (b"{" + content + json.dumps(field).encode() + b": " + value + b"}")


NESTED = b'{"content": "a", "subtasks": [{"content": "b"}, %s]}'
LISTED = b'[{"content": "a"}, %s]'


def state() -> tuple[Any, ...]:
    return (
        list(Todo.objects.order_by("pk").values()),
        list(Dependency.objects.order_by("pk").values()),
        list(Claim.objects.order_by("pk").values()),
    )


@pytest.fixture
def todo(api: Api) -> dict[str, Any]:
    return made(api, EXAMPLE)


def targets(todo: dict[str, Any]) -> list[tuple[str, str, list[str], bytes]]:
    """Method, path, fields, and what is around the object that has them."""
    one = f"todos/{todo['subtasks'][0]['id']}/"
    return [
        ("POST", "todos/", [*SPEC_FIELDS, "subtasks"], b"%s"),
        ("POST", "todos/", SUBTASK_FIELDS, NESTED),
        ("POST", f"{one}subtasks/", SUBTASK_FIELDS, b"%s"),
        ("POST", f"{one}subtasks/", SUBTASK_FIELDS, LISTED),
        ("PATCH", one, CHANGE_FIELDS, b"%s"),
    ]


def refuse_everywhere(api: Api, todo: dict[str, Any], value: bytes, status: int) -> None:
    before = state()
    for method, path, fields, around in targets(todo):
        for field in fields:
            response = api.send(method, path, with_field(field, value, around))
            assert response.status_code == status, f"{method} {path} {field}: {response.content[:300]!r}"
            assert response.json()["errors"]
    assert state() == before
    assert api.get("todos/").status_code == 200


@pytest.mark.parametrize("name", NO_VALUES)
def test_what_is_no_value_is_refused_in_every_field(api: Api, todo: dict[str, Any], name: str) -> None:
    refuse_everywhere(api, todo, NO_VALUES[name], 400)


@pytest.mark.parametrize("name", WRONG_VALUES)
def test_what_is_wrong_is_refused_in_every_field(api: Api, todo: dict[str, Any], name: str) -> None:
    refuse_everywhere(api, todo, WRONG_VALUES[name], 422)


def test_pointers_lead_to_what_is_wrong(api: Api, todo: dict[str, Any]) -> None:
    for method, path, fields, around in targets(todo):
        prefix = {NESTED: "/subtasks/1", LISTED: "/1"}.get(around, "")
        for field in fields:
            for value in (b'"a\\u0000"', b"NaN", b"1e999"):
                errors = api.send(method, path, with_field(field, value, around)).json()["errors"]
                assert [error["pointer"] for error in errors] == [f"{prefix}/{field}"]


def test_fields_that_are_not_there_cannot_be_set(api: Api, todo: dict[str, Any]) -> None:
    before = state()
    for method, path, _, around in targets(todo):
        prefix = {NESTED: "/subtasks/1", LISTED: "/1"}.get(around, "")
        for field in UNKNOWN_FIELDS:
            response = api.send(method, path, with_field(field, b"1", around))
            assert (response.status_code, response.json()["errors"][0]["pointer"]) == (422, f"{prefix}/{field}")
    assert state() == before


BODIES = {
    "nothing but a blank": (b" ", 400),
    "null": (b"null", 422),
    "a word": (b'"todo"', 422),
    "a number": (b"1", 422),
    "true": (b"true", 422),
    "UTF-16": ('{"content": "a"}'.encode("utf-16"), 400),
    "a byte order mark": (b"\xef\xbb\xbf" + b'{"content": "a"}', 400),
    "two values": (b'{"content": "a"} {"content": "b"}', 400),
    "half a value": (b'{"content": "a"', 400),
    "a form": (b"content=a", 400),
    "XML": (b"<content>a</content>", 400),
    "a million keys": (b"{" + b",".join(b'"k%d":0' % n for n in range(1_000_000)) + b"}", 413),
    "20,000 unknown keys": (b"{" + b",".join(b'"%d":0' % n for n in range(20_000)) + b"}", 422),
    "300,000 values": (b'{"content": "a", "depends_on": [' + b"0," * 300_000 + b"0]}", 422),
    "four mebibytes and one": (b'{"content": "' + b"x" * (4 * 1024 * 1024 - 14) + b'"}', 413),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_body_that_is_no_todo_is_refused(api: Api, todo: dict[str, Any], name: str) -> None:
    body, status = BODIES[name]
    before = state()
    for method, path, _, around in targets(todo):
        if around == b"%s":
            expected = 413 if method == "PATCH" and len(body) > 1024 * 1024 else status
            assert api.send(method, path, body).status_code == expected, (method, path)
    assert state() == before
    assert api.get("todos/").status_code == 200


TEXTS = [
    "\u202emoc.live\u202c",
    "\x1b[31mred\x1b[0m",
    "\u200b\u2066\ufeff",
    "<script>alert(1)</script>",
    "'; DROP TABLE todos_todo; --",
    "{{ 7 * 7 }} {% load x %} ${x} `x` $(x)",
    "=cmd|' /C calc'!A0",
    "😀 \U0010ffff \uffff",
    "\u0378 unassigned",
    "line\r\nline\ttab\u2028\u2029",
    "a" * 10_000,
    "%s %(a)s {0} \\u0000 \\",
]


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: repr(text[:20]))
def test_text_is_text_whatever_it_says(api: Api, text: str) -> None:
    body = {"content": text, "assigned_agent": text[:200], "executor": {"name": "read", "path": text[:4000]}}
    todo = made(api, body)
    found = api.get(f"todos/{todo['id']}/").json()
    assert (found["content"], found["executor"]["path"]) == (text, text[:4000])
    assert api.get("todos/", q=text[:20]).json()["count"] == 1
    assert api.patch(f"todos/{todo['id']}/", {"content": text[::-1]}).json()["content"] == text[::-1]


@pytest.mark.parametrize(
    "query",
    [
        "limit=%00",
        "limit=9" + "9" * 5_000,
        "cursor=%00",
        "cursor=" + "x" * 3_000,
        "cursor=eyJhIjoxfQ:1:2",
        "parent=%31%00",
        "status=%ff",
        "priority=1,,2",
        "ordering=-",
        "q=%00",
        "%00=1",
        "a" * 5_000 + "=1",
        "limit=1&limit=2",
        "limit[]=1",
        "root=TRUE",
    ],
)
def test_a_hostile_query_is_refused(api: Api, query: str) -> None:
    response = api.send("GET", f"todos/?{query}")
    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"].startswith("/query/")


@pytest.mark.parametrize(
    "query", ["q=%ff%fe", "q=%ED%A0%80", "q=%F0%9F%98%80", "q=%25", "q=_", "q=\\", "q=" + "%" * 50, "&&&"]
)
def test_an_odd_search_finds_nothing_and_harms_nothing(api: Api, query: str) -> None:
    assert api.send("GET", f"todos/?{query}").json()["count"] == 0


@pytest.mark.parametrize(
    "path",
    ["0", "-1", "1.0", "1e3", "x", "9223372036854775808", "9" * 400, "%31", "1%00", "1%0a", "%D9%A1", "..", "1;2"],
)
def test_an_odd_id_is_not_there(api: Api, path: str) -> None:
    for method, end in [("GET", ""), ("GET", "tree/"), ("PATCH", ""), ("DELETE", ""), ("POST", "subtasks/")]:
        response = api.send(method, f"todos/{path}/{end}", None if method in {"GET", "DELETE"} else {"content": "a"})
        assert response.status_code == 404


@pytest.mark.parametrize(
    "tag", ["", '"', "W/", '"1"', '"1-"', '"1-zz"', '"-1-a"', '"9999999999999999999-a"', "\xff" * 9, "," * 999]
)
def test_an_odd_if_match_matches_nothing(api: Api, todo: dict[str, Any], tag: str) -> None:
    response = api.patch(f"todos/{todo['id']}/", {"content": "b"}, If_Match=tag)
    assert response.status_code == 412
