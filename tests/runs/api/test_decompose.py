from typing import Any

import pytest

from tests.factories import Api, made, pointers
from todos.models import Todo

TEXT = "# Docs\n- [x] Read\n- [ ] Write (5 min)\n# Check"


@pytest.fixture
def todo(api: Api) -> dict[str, Any]:
    return made(api, content="Ship it", subtasks=[{"content": "Read"}])


def checklist(text: str = TEXT, **more: Any) -> dict[str, Any]:
    return {"strategy": "checklist", "options": {"text": text}, **more}


def test_a_preview_shows_what_would_be_made_and_makes_nothing(api: Api, todo: dict[str, Any]) -> None:
    response = api.post(f"todos/{todo['id']}/decompose/", checklist())
    assert response.status_code == 200
    found = response.json()
    docs, check = found["subtasks"]
    assert (docs["key"], check["key"]) == ("docs", "check")
    assert [(one["key"], one["status"], one["estimated_seconds"]) for one in docs["subtasks"]] == [
        ("read-2", "completed", None),
        ("write", "pending", 300),
    ]
    assert (found["independent"], found["sequential"]) == (["read-2", "write", "check"], [])
    assert (found["parallelization_score"], found["shared_resources"]) == (1, [])
    assert Todo.objects.count() == 2


def test_what_was_shown_is_made(api: Api, todo: dict[str, Any]) -> None:
    shown = api.post(f"todos/{todo['id']}/decompose/", checklist(preview=True)).json()
    response = api.post(f"todos/{todo['id']}/decompose/", checklist(preview=False))
    assert response.status_code == 201
    found = response.json()
    assert [one["key"] for one in found["subtasks"]] == [one["key"] for one in shown["subtasks"]]
    assert {name: found[name] for name in found if name != "subtasks"} == {
        name: shown[name] for name in shown if name != "subtasks"
    }
    after = api.get(f"todos/{todo['id']}/tree/").json()
    assert after["subtasks"][1:] == found["subtasks"]
    assert (after["counts"]["total"], after["counts"]["completed"], after["status"]) == (4, 1, "in_progress")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/strategy"),
        ({"strategy": "magic"}, "/strategy"),
        ({"strategy": 1}, "/strategy"),
        ({"strategy": "checklist"}, "/options/text"),
        (checklist(""), "/options/text"),
        (checklist("\n\n"), "/options/text"),
        (checklist("- a\n" * 10_001), "/options/text"),
        (checklist(1), "/options/text"),  # type: ignore[arg-type]
        (checklist(preview="no"), "/preview"),
        ({"strategy": "checklist", "options": []}, "/options"),
        ({"strategy": "checklist", "options": {"text": "- a", "depth": 1}}, "/options/depth"),
    ],
)
def test_a_wrong_request_is_refused_where_it_is_wrong(
    api: Api, todo: dict[str, Any], body: dict[str, Any], pointer: str
) -> None:
    response = api.post(f"todos/{todo['id']}/decompose/", body)
    assert (response.status_code, pointers(response)[0]) == (422, pointer)
    assert Todo.objects.count() == 2


def test_an_unknown_strategy_names_those_there_are(api: Api, todo: dict[str, Any]) -> None:
    response = api.post(f"todos/{todo['id']}/decompose/", {"strategy": "magic"})
    assert "there is: files, features, " in response.json()["detail"]


def test_a_list_that_would_nest_too_deep_is_refused(api: Api, todo: dict[str, Any]) -> None:
    deep = "\n".join(" " * level + f"- {level}" for level in range(5))
    assert api.post(f"todos/{todo['id']}/decompose/", checklist(deep)).status_code == 200
    response = api.post(f"todos/{todo['subtasks'][0]['id']}/decompose/", checklist(deep))
    assert (response.status_code, response.json()["detail"]) == (422, "subtasks nest at most 5 deep")
