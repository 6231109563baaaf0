"""Hooks that come twice, late, in any order, or hold what they should not: the agent is never held up."""

import itertools
import random
from typing import Any

import pytest
from django.contrib.auth.models import User

from runs.models import Attempt, Run, Subtask
from tests.factories import Api, token_of
from tests.runs.tracking import recorded
from tests.runs.tracking.recorded import shown


def a_session() -> list[tuple[str, Any]]:
    """Hooks of a whole session, as calls."""
    return [
        ("send", ("SessionStart",)),
        ("send", ("UserPromptSubmit",)),
        ("write_todos", ("t1", "> Read", ". Build")),
        ("launch", ("u1", "Map")),
        ("launch", ("u2", "Test")),
        ("begins", ("a1",)),
        ("begins", ("a2",)),
        ("stops", ("a2",)),
        ("returns", ("u2", "a2", "Test", 5)),
        ("stops", ("a1",)),
        ("returns", ("u1", "a1", "Map", 7)),
        ("make_task", ("1", "Ship")),
        ("change_task", ("1",)),
        ("write_todos", ("t2", "x Read", "x Build")),
        ("send", ("PreCompact",)),
        ("send", ("Stop",)),
        ("send", ("StopFailure",)),
        ("send", ("ConfigChange",)),
    ]


def play(claude: recorded.Session, calls: list[tuple[str, Any]]) -> None:
    for name, arguments in calls:
        getattr(claude, name)(*arguments)


def test_hooks_that_come_twice_say_nothing_new(claude: recorded.Session) -> None:
    play(claude, list(itertools.chain.from_iterable((call, call) for call in a_session())))
    assert shown() == ["x Read", "x Build", "x Map", "x Test", ". Ship"]
    assert (Run.objects.get().input_tokens, Attempt.objects.count()) == (12, 4)


@pytest.mark.parametrize("seed", range(6))
def test_in_any_order_the_counts_stay_true(claude: recorded.Session, seed: int) -> None:
    calls = a_session() * 2
    random.Random(seed).shuffle(calls)
    play(claude, calls)
    assert Run.objects.get().total == Subtask.objects.count()
    assert Run.objects.get().input_tokens == 12


EVENTS = """PreToolUse PostToolUse PostToolUseFailure SubagentStart SubagentStop Stop StopFailure Notification
    TaskCreated TaskCompleted
    SessionStart TeammateIdle PreCompact PermissionRequest UserPromptSubmit SessionEnd Other""".split()
FIELDS = """tool_input tool_response tool_name tool_use_id agent_id agent_type prompt source reason message error
    notification_type task_id task_subject teammate_name cwd stop_hook_active""".split()


@pytest.mark.parametrize("junk", [None, 5, -1.5, True, "", "x" * 300, [], [[]], {}, {"a": {"b": 1}}, [{"id": {}}]])
def test_whatever_the_fields_hold_the_agent_is_not_held_up(claude: recorded.Session, junk: Any) -> None:
    claude.write_todos("t1", "> Read")
    nested = dict.fromkeys("todos task tasks taskId status usage agentId owner".split(), junk)
    for event in EVENTS:
        claude.send(event, **dict.fromkeys(FIELDS, junk))
        for tool in ("TodoWrite", "Agent", "TaskCreate", "TaskUpdate", "TaskList") if "Tool" in event else ():
            claude.send(event, tool_name=tool, tool_use_id="u9", tool_input=junk, tool_response=junk)
            claude.send(event, tool_name=tool, tool_use_id="u9", tool_input=nested, tool_response=nested)
    assert "Read" in {text[2:] for text in shown()}


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"5", b'"x"', b"null", b"\xff", b"[" * 100, b'{"a":1,"a":2}', b'{"session_id":"\\ud800"}', b"\0",
     b'{"session_id":"s"}', b'{"session_id":{},"hook_event_name":"Stop"}',
     b'{"session_id":"s","hook_event_name":"Other"}'],
)  # fmt: skip
def test_a_body_that_is_none_changes_nothing(ada: User, body: bytes) -> None:
    answer = Api(token_of(ada, "agent")).send("POST", "hooks/claude-code/", body)
    assert (answer.status_code, answer.content, Run.objects.count()) == (200, b"{}", 0)


def test_more_than_a_run_may_have_is_left_out(claude: recorded.Session, settings: Any) -> None:
    settings.RUN_MAX_SUBTASKS = 2
    claude.write_todos("t1", "> Read", ". Build")
    claude.write_todos("t2", "x Read", ". Build", ". Ship")
    assert shown() == ["> Read", ". Build"]


def test_the_token_of_one_run_sends_no_hooks(ada: User, claude: recorded.Session) -> None:
    claude.write_todos("t1", "> Read")
    narrowed = Api(token_of(ada, "agent", run=Run.objects.get()))
    assert narrowed.post("hooks/claude-code/", {}).status_code == 403
