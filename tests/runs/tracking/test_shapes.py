"""Every hook of Claude Code, in the fields that its versions send, is read for what it says."""

from collections.abc import Sequence
from typing import Any

import pytest

from runs.engine.lists import Item
from runs.hooks import claude_code
from runs.hooks.facts import (
    Asks,
    Began,
    Fact,
    Launched,
    Listed,
    Prompted,
    Returned,
    SessionBegan,
    SessionEnded,
    Stopped,
    Task,
    TurnEnded,
    Used,
)
from tests.runs.tracking.recorded import COMMON, SESSION

NEWER = {"prompt_id": "p1", "effort": {"level": "high"}, "scratchpad_dir": "/tmp/scratchpad"}
INSIDE = {"agent_id": "a1", "agent_type": "Explore"}
TODO = {"content": "Build", "status": "in_progress"}
DOING = {**TODO, "activeForm": "Building"}
OLDER = {**TODO, "id": "1", "priority": "high"}
AGENT = {"description": "Map", "prompt": "Map it all", "subagent_type": "Explore", "name": "mapper"}
DONE = {"agentId": "a1", "totalTokens": 30, "totalDurationMs": 900, "totalToolUseCount": 3}
USAGE = {"input_tokens": 10, "cache_creation_input_tokens": 4, "cache_read_input_tokens": 6, "output_tokens": 10}
TEAM = {"teammate_name": "impl", "team_name": "shop"}
ABOUT = {"task_id": "1", "task_subject": "Build", "task_description": "All of it"}
TASKS = [{"id": "1", "subject": "Build", "status": "in_progress", "owner": "impl", "blockedBy": ["2"]}]
IN_PROGRESS = Task("1", "in_progress", "Build", None, "impl")
LISTED = Listed((Item("Build", "in_progress", None, "Building"),), "u1")
ENDS = {"stop_hook_active": False, "last_assistant_message": "Done.", "background_tasks": []}


def tool(name: str, sent: Any, response: Any = None, key: str = "tool_response", **more: Any) -> dict[str, Any]:
    answer = {} if response is None else {key: response}
    return {"tool_name": name, "tool_input": sent, "tool_use_id": "u1", **answer, **more}


SHAPES: list[tuple[str, dict[str, Any], Sequence[Fact]]] = [
    *[
        ("SessionStart", {"source": source, "model": "m"}, [SessionBegan()])
        for source in ("startup", "resume", "clear")
    ],
    ("SessionStart", {"source": "compact"}, [SessionBegan()]),
    ("SessionEnd", {"reason": "exit"}, [SessionEnded()]),
    ("UserPromptSubmit", {"prompt": "Build it\nplease"}, [Prompted("Build it")]),
    ("PreCompact", {"trigger": "auto", "custom_instructions": ""}, []),
    ("PreToolUse", tool("TodoWrite", {"todos": [DOING]}), [LISTED]),
    ("PostToolUse", tool("TodoWrite", {"todos": [DOING]}, {"oldTodos": [], "newTodos": [DOING]}), [LISTED]),
    ("PostToolUse", tool("TodoWrite", {}, {"oldTodos": [], "newTodos": [DOING]}), [LISTED]),
    (
        "PreToolUse",
        tool("TodoWrite", {"todos": [OLDER]}),
        [Listed((Item("Build", "in_progress", "1", None, 1),), "u1")],
    ),
    ("PreToolUse", tool("TaskCreate", {"subject": "Build", "description": "All"}), [Used("TaskCreate: All")]),
    *[
        (
            "PostToolUse",
            tool("TaskCreate", {"subject": "Build"}, {"task": {"id": "1", "subject": "Build"}}, key),
            [Task("1", None, "Build")],
        )
        for key in ("tool_response", "tool_result")
    ],
    (
        "PostToolUse",
        tool("TaskUpdate", {"taskId": "1", "status": "deleted"}, {"success": True, "updatedFields": ["status"]}),
        [Task("1", "cancelled")],
    ),
    (
        "PostToolUse",
        tool(
            "TaskUpdate", {"taskId": "1", "addBlockedBy": ["2"]}, {"success": True, "statusChange": {"to": "completed"}}
        ),
        [Task("1", "completed")],
    ),
    (
        "PostToolUse",
        tool("TaskUpdate", {"taskId": "1", "status": "completed"}, {"success": False, "error": "no"}),
        [Used()],
    ),
    ("PostToolUse", tool("TaskList", {}, {"tasks": TASKS}), [IN_PROGRESS]),
    ("PostToolUse", tool("TaskGet", {"taskId": "1"}, {"task": TASKS[0]}), [IN_PROGRESS]),
    ("TaskCreated", {**ABOUT, **TEAM}, [Task("1", None, "Build", None, "impl")]),
    ("TaskCompleted", {**ABOUT, **TEAM}, [Task("1", "completed", "Build", None, "impl")]),
    ("TaskCompleted", ABOUT, [Task("1", "completed", "Build")]),
    ("TeammateIdle", TEAM, []),
    *[("PreToolUse", tool(name, AGENT), [Launched("u1", "Map", "Explore")]) for name in ("Agent", "Task")],
    *[
        (
            "PostToolUse",
            tool(name, AGENT, {**DONE, "usage": USAGE, "status": "completed"}, duration_ms=900),
            [Returned("u1", "Map", "Explore", "a1", input_tokens=20, output_tokens=10)],
        )
        for name in ("Agent", "Task")
    ],
    (
        "PostToolUse",
        tool("Agent", {**AGENT, "run_in_background": True}, {"agentId": "a1", "status": "async_launched"}),
        [Returned("u1", "Map", "Explore", "a1", running=True)],
    ),
    (
        "PostToolUseFailure",
        tool("Agent", AGENT, error="no such type", is_interrupt=False),
        [Returned("u1", "Map", "Explore", error="no such type")],
    ),
    ("PostToolUseFailure", tool("Bash", {"command": "ls"}, error="exit 1"), [Used("Bash failed: exit 1")]),
    ("PreToolUse", tool("Bash", {"command": "ls", "description": "List"}, **INSIDE), [Used("Bash: List")]),
    ("PostToolUse", tool("Bash", {"command": "ls"}, {"stdout": ""}, duration_ms=12), [Used()]),
    ("SubagentStart", INSIDE, [Began()]),
    ("SubagentStop", {**INSIDE, **ENDS, "agent_transcript_path": "/x.jsonl"}, [Stopped()]),
    ("Stop", {**ENDS, "session_crons": []}, [TurnEnded()]),
    ("StopFailure", {"error": "overloaded"}, [TurnEnded("overloaded")]),
    (
        "Notification",
        {"message": "May I?", "title": "Bash", "notification_type": "permission_prompt"},
        [Asks("May I?")],
    ),
    ("Notification", {"message": "Waiting", "notification_type": "idle_prompt"}, []),
    ("PermissionRequest", tool("Bash", {"command": "rm x"}), [Asks("May it use Bash: rm x?")]),
]


@pytest.mark.parametrize("newer", [{}, NEWER], ids=["first", "newer"])
@pytest.mark.parametrize(("event", "fields", "said"), SHAPES)
def test_each_hook_says_what_it_says_in_every_version(
    event: str, fields: dict[str, Any], said: Sequence[Fact], newer: dict[str, Any]
) -> None:
    read = claude_code.read({**COMMON, **newer, "hook_event_name": event, **fields})
    assert read is not None
    heard, facts = read
    assert (heard.session, heard.agent, heard.folder) == (SESSION, fields.get("agent_id"), "shop")
    assert facts == said
