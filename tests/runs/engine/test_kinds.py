"""What kind of task a subtask is."""

from typing import Any

import pytest

from runs.engine.kinds import kind_of


@pytest.mark.parametrize(
    ("executor", "kind"),
    [
        (None, "external"),
        ({"name": "read", "path": "a.txt"}, "read"),
        ({"name": "shell", "command": "pytest -q tests"}, "shell: pytest"),
        ({"name": "shell", "command": "CI=1 DEBUG=a/b /usr/bin/make all"}, "shell: make"),
        ({"name": "shell", "command": "  "}, "shell"),
        ({"name": "agent", "command": ["/opt/bin/coder", "-p"], "prompt": "x"}, "agent: coder"),
        ({"name": "http", "url": "https://api.example.org/v1?q=1"}, "http: api.example.org"),
        ({"name": "http", "url": "http://[broken"}, "http"),
        ({"name": "python", "call": "tools.count"}, "python: tools.count"),
        ({"name": "simulate", "seconds": 3}, "simulate: 3 s"),
    ],
)
def test_a_kind_is_the_executor_and_what_tells_its_work_apart(executor: dict[str, Any] | None, kind: str) -> None:
    assert kind_of(executor) == kind


def test_a_kind_is_short_however_long_the_command() -> None:
    assert len(kind_of({"name": "shell", "command": "x" * 5_000})) == 80
