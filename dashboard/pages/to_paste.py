"""Commands for a shell that work as they stand, once the token is in its environment."""

import json

from django.http import HttpRequest

TOKEN = "export ABREAST_TOKEN=$(\n  .venv/bin/python manage.py create_token laptop --scope operator)"  # noqa: S105
_HEADERS = "-H \"Authorization: Bearer $ABREAST_TOKEN\" \\\n  -H 'Content-Type: application/json'"


def server_of(request: HttpRequest) -> str:
    """The address as the reader reaches it, without a slash at its end."""
    return request.build_absolute_uri("/").rstrip("/")


def a_todo(server: str) -> str:
    """Makes a tree in one call."""
    return (
        f"curl -sS {_HEADERS} \\\n"
        f'  {server}/api/v1/todos/ -d \'{{"content": "Ship it", "subtasks": [\n'
        '    {"key": "test", "content": "Run the tests", "executor": {"name": "simulate", "seconds": 3}},\n'
        '    {"content": "Publish", "depends_on": ["test"], "executor": {"name": "simulate", "seconds": 1}}]}\''
    )


def a_run(server: str) -> str:
    """Makes a todo with five parts, and a run of it."""
    parts = ",\n".join(
        f'  {{"content": "Part {n}", "executor": {{"name": "simulate", "seconds": {n}}}}}' for n in range(1, 6)
    )
    return (
        f"api() {{ curl -sS --fail-with-body {_HEADERS} \\\n"
        f'  -d "$2" "{server}/api/v1$1"; }}\n'
        f'TODO=$(api /todos/ \'{{"content": "Five things", "subtasks": [\n{parts}]}}\' \\\n'
        "  | python3 -c 'import json, sys; print(json.load(sys.stdin)[\"id\"])')\n"
        'api "/todos/$TODO/run/" \'{"max_agents": 4}\''
    )


def to_begin(request: HttpRequest) -> dict[str, str]:
    """For pages that have nothing to show yet: a way to a token, and a first run."""
    return {"token": TOKEN, "run": a_run(server_of(request))}


HOOKS = """UserPromptSubmit PreToolUse PostToolUse PostToolUseFailure PermissionRequest Notification SubagentStart
    SubagentStop TaskCreated TaskCompleted Stop StopFailure SessionEnd""".split()


def export(token: str) -> str:
    """Puts a token where the other commands find it."""
    return f"export ABREAST_TOKEN={token}"


def hooks(server: str) -> str:
    """Claude Code's settings: each hook is posted here, with the token of the shell it was started from."""
    hook = {
        "type": "http",
        "url": f"{server}/api/v1/hooks/claude-code/",
        "timeout": 5,
        "headers": {"Authorization": "Bearer $ABREAST_TOKEN"},
        "allowedEnvVars": ["ABREAST_TOKEN"],
    }
    lines = ",\n".join(f'    "{name}": [{{"hooks": [{json.dumps(hook)}]}}]' for name in HOOKS)
    return f'{{\n  "hooks": {{\n{lines}\n  }}\n}}'


def agent(server: str) -> str:
    """An agent that takes subtasks and does them on the machine where this is pasted."""
    return f"curl -sS {server}/agent.py | python3 - --jobs 4"


def mcp(server: str) -> str:
    """Claude Code's way to name a server of tools; other programs take the same address and header."""
    return f'claude mcp add --transport http abreast {server}/mcp \\\n  --header "Authorization: Bearer $ABREAST_TOKEN"'


def celery(server: str) -> str:
    """Fetches what an application on Celery imports."""
    return f"curl -sSO {server}/abreast_celery.py"


def celery_lines(server: str) -> str:
    """For the module in which the application is made, below that; the token is in its environment."""
    return f'import abreast_celery\nabreast_celery.follow(app, "{server}")'


def reports(server: str) -> str:
    """Makes a run of reported work, begins something in it, and ends it."""
    return (
        f"api() {{ curl -sS --fail-with-body {_HEADERS} \\\n"
        f'  -d "$2" "{server}/api/v1$1"; }}\n'
        'RUN=$(api /runs/ \'{"content": "Nightly build", "backend": "tracked"}\' \\\n'
        "  | python3 -c 'import json, sys; print(json.load(sys.stdin)[\"id\"])')\n"
        'api "/runs/$RUN/reports/" \'{"reports": [{"key": "build", "status": "in_progress"}]}\'\n'
        'api "/runs/$RUN/reports/" \'{"reports": [{"key": "build", "status": "completed"}]}\''
    )


def todos(server: str) -> str:
    """Puts a whole list of todos."""
    return (
        f"curl -sS -X PUT {_HEADERS} \\\n"
        f'  {server}/api/v1/todowrite/my-session/ -d \'{{"todos": [\n'
        '    {"content": "Read the code", "status": "completed"},\n'
        '    {"content": "Fix the bug", "status": "in_progress", "activeForm": "Fixing the bug"}]}\''
    )


# What the settings page shows, by the names of these.
WAYS = (hooks, agent, mcp, reports, todos, celery, celery_lines)
