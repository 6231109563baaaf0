"""Hook payloads in the shapes that versions of Claude Code send, and a session that sends them."""

from typing import Any

from runs.models import Subtask
from tests.factories import Api
from tests.runs.tracking.watching import run_of

SESSION = "0b3f8c1e-52d4-4c5c-9a55-1f2f5d9a7e10"
COMMON = {
    "session_id": SESSION,
    "transcript_path": "/home/ada/.claude/projects/-home-ada-shop/0b3f8c1e.jsonl",
    "cwd": "/home/ada/shop",
    "permission_mode": "default",
}


class Session:
    """Claude Code, as its hooks show it. `inside` is the id and the type of the subagent that sends them."""

    def __init__(self, api: Api) -> None:
        self.api = api

    def send(self, event: str, inside: tuple[str, str] | None = None, **fields: Any) -> None:
        who = {"agent_id": inside[0], "agent_type": inside[1]} if inside else {}
        self.raw({**COMMON, "hook_event_name": event, **who, **fields})

    def raw(self, payload: Any) -> None:
        answer = self.api.post("hooks/claude-code/", payload)
        assert (answer.status_code, answer.json()) == (200, {}), answer.content

    def before(self, tool: str, use: str, tool_input: Any, inside: tuple[str, str] | None = None) -> None:
        self.send("PreToolUse", inside, tool_name=tool, tool_use_id=use, tool_input=tool_input)

    def after(
        self, tool: str, use: str, tool_input: Any, response: Any, inside: tuple[str, str] | None = None, **more: Any
    ) -> None:
        more = {"tool_response": response, "duration_ms": 12} | more
        self.send("PostToolUse", inside, tool_name=tool, tool_use_id=use, tool_input=tool_input, **more)

    # ---- what versions differ in ----

    def write_todos(self, use: str, *texts: str) -> None:
        """TodoWrite, with `activeForm` and no ids: `"> Build"` is in progress."""
        words = {".": "pending", ">": "in_progress", "x": "completed"}
        todos = [{"content": text[2:], "status": words[text[0]], "activeForm": f"Doing {text[2:]}"} for text in texts]
        self.before("TodoWrite", use, {"todos": todos})
        self.after("TodoWrite", use, {"todos": todos}, {"oldTodos": [], "newTodos": todos})

    def make_task(self, number: str, subject: str) -> None:
        sent = {"subject": subject, "description": f"{subject}, all of it", "activeForm": f"Doing {subject}"}
        self.before("TaskCreate", f"c{number}", sent)
        self.after("TaskCreate", f"c{number}", sent, {"task": {"id": number, "subject": subject}})

    def change_task(self, number: str, **change: Any) -> None:
        sent = {"taskId": number, **change}
        self.before("TaskUpdate", f"u{number}", sent)
        answer = {"success": True, "taskId": number, "updatedFields": list(change)}
        self.after("TaskUpdate", f"u{number}", sent, answer)

    def launch(self, use: str, description: str, kind: str = "Explore", tool: str = "Agent") -> None:
        self.before(tool, use, self.wanted(description, kind))

    def returns(
        self, use: str, agent: str, description: str = "", tokens: int = 0, tool: str = "Agent", **more: Any
    ) -> None:
        response = {
            "status": "completed",
            "agentId": agent,
            "content": [{"type": "text", "text": "Done."}],
            "totalTokens": tokens * 2,
            "totalDurationMs": 900,
            "totalToolUseCount": 3,
            "usage": {"input_tokens": tokens, "output_tokens": tokens, "cache_read_input_tokens": 0},
            **more,
        }
        self.after(tool, use, self.wanted(description), response)

    def wanted(self, description: str, kind: str = "Explore") -> dict[str, Any]:
        return {"description": description, "prompt": f"{description}. Be thorough.", "subagent_type": kind}

    def begins(self, agent: str, kind: str = "Explore") -> None:
        self.send("SubagentStart", (agent, kind))

    def stops(self, agent: str, kind: str = "Explore") -> None:
        more = {"agent_transcript_path": "/x.jsonl", "stop_hook_active": False, "last_assistant_message": "Done."}
        self.send("SubagentStop", (agent, kind), background_tasks=[], **more)


def shown() -> list[str]:
    """The subtasks of the session's run: `"> Build (claude 0b3f8c1e): what it says"`; `!` failed, `-` cancelled."""
    signs = {"pending": ".", "in_progress": ">", "completed": "x", "cancelled": "-", "failed": "!"}
    rows = Subtask.objects.filter(run=run_of(SESSION)).order_by("position")
    return [f"{signs[row.status]} {row.content}" for row in rows]


def one(content: str) -> Subtask:
    return Subtask.objects.get(run=run_of(SESSION), content=content)
