"""What the strategies of features, layers and phases make of their outlines."""

from typing import Any

import pytest

from tests.todos.decompose.conftest import Split, claims, needs, rows_of, spec


def test_features_are_side_by_side_and_the_check_waits_for_all(split: Split) -> None:
    features = [
        {"name": "dark mode", "estimated_seconds": 1200, "files": ["src/theme/**"]},
        "search",
        {"name": "filters", "depends_on": ["search"], "command": "make filters", "assigned_agent": "impl-3"},
    ]
    made = split("features", features=features, qa={"name": "Try it", "estimated_seconds": 300})
    rows = rows_of(made)
    assert needs(made) == {
        "dark-mode": [],
        "search": [],
        "filters": ["search"],
        "qa": ["dark-mode", "search", "filters"],
    }
    assert claims(rows["dark-mode"]) == [("src/theme/**", "write")]
    assert claims(rows["search"]) is None
    assert spec(rows["filters"])["executor"]["env"] == {"ABREAST_NAME": "filters"}
    assert (rows["qa"].item.content, spec(rows["qa"])["estimated_seconds"]) == ("Try it", 300)


@pytest.mark.parametrize(("qa", "content"), [(True, "Check that all"), ("Look at it", "Look at it"), (False, None)])
def test_the_check_can_be_named_or_left_out(split: Split, qa: Any, content: str | None) -> None:
    rows = rows_of(split("features", features=["a"], qa=qa))
    assert ("qa" in rows) is (content is not None)
    assert content is None or rows["qa"].item.content.startswith(content)


def test_layers_are_side_by_side_and_their_tasks_in_order(split: Split) -> None:
    made = split("layers", content="Sign-in")
    found = needs(made)
    assert found["api-endpoints"] == ["api-models"]
    assert [key for key, waits in found.items() if not waits] == [
        "api-models",
        "ui-components",
        "testing-unit-tests",
        "documentation-API-docs",
    ]
    assert rows_of(made)["api-models"].item.content == "models of Sign-in"
    assert not any(needs(split("layers", in_order=False)).values())


def test_tasks_have_what_their_layer_claims_and_wait_for_what_it_waits_for(split: Split) -> None:
    layers = [
        {"name": "api", "tasks": ["models", {"name": "docs", "files": ["docs/**"]}], "files": ["src/api/**"]},
        {"name": "tests", "depends_on": ["api"], "assigned_agent": "t"},
    ]
    made = split("layers", layers=layers, feature="sign-in")
    rows = rows_of(made)
    assert needs(made)["tests"] == ["api-models", "api-docs"]
    assert claims(rows["api-models"]) == [("src/api/**", "write")]
    assert claims(rows["api-docs"]) == [("docs/**", "write")]
    assert spec(rows["tests"])["assigned_agent"] == "t"


def test_a_phase_waits_for_all_of_the_phase_before(split: Split) -> None:
    made = split("phases", subject="the home page")
    found, rows = needs(made), rows_of(made)
    widths = [sum(1 for key in found if rows[key].item.data.phase == phase) for phase in (1, 2, 3)]
    assert widths == [3, 3, 2]
    assert len(found["implementation-Change-the-code"]) == 3
    assert all(key.startswith("analysis-") for key in found["implementation-Change-the-code"])
    assert rows["validation-Document-what-has-changed"].item.content == "Document what has changed: the home page"
