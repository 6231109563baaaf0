"""The examples of docs/decomposing.md are sent as they stand there."""

import json
import re
from typing import Any

import pytest
from django.conf import settings

from runs.api.decompose import PlannedSubtask
from runs.executors import sandbox
from tests.factories import Api
from todos.decompose.registry import STRATEGIES

TEXT = (settings.BASE_DIR / "docs" / "decomposing.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", TEXT, re.MULTILINE | re.DOTALL))
LEAVES = {
    "files": 2,
    "features": 4,
    "layers": 4,
    "phases": 6,
    "modules": 3,
    "codebase": 11,
    "checklist": 2,
    "command": 2,
}


def examples(strategy: str) -> list[dict[str, Any]]:
    return [json.loads(text) for text in re.findall(r"```json\n(.*?)```", SECTIONS[strategy], re.DOTALL)]


def leaves(subtasks: list[PlannedSubtask]) -> int:
    return sum(leaves(one["subtasks"]) or 1 for one in subtasks)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_example_of_each_strategy_works(api: Api, todo: dict[str, Any], strategy: str) -> None:
    (body,) = examples(strategy)
    assert body["strategy"] == strategy
    response = api.post(f"todos/{todo['id']}/decompose/", body)
    if strategy == "command" and sandbox.mode()[0] is sandbox.Mode.OFF:
        assert response.status_code == 422
        return
    assert response.status_code == 200, response.content
    assert leaves(response.json()["subtasks"]) == LEAVES[strategy]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_option_is_explained(strategy: str) -> None:
    """In its own section, or in the one on trees."""
    explained = SECTIONS[strategy] + TEXT[TEXT.index("## The tree") : TEXT.index("## files")]
    options = STRATEGIES[strategy].options.model_fields
    assert {name for name in options if f"`{name}`" not in explained and f'"{name}"' not in explained} == set()
