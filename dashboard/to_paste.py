"""Commands for a shell that work as they stand, once the token is in its environment."""

from django.http import HttpRequest

TOKEN = "export ABREAST_TOKEN=$(\n  .venv/bin/python manage.py create_token laptop --scope operator)"  # noqa: S105
_HEADERS = "-H \"Authorization: Bearer $ABREAST_TOKEN\" -H 'Content-Type: application/json'"


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
