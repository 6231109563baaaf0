"""What others run on their machines, and how it is handed out: each as one file.

client  →  kept  →  attempt  →  handlers  →  agent
client  →  reporter  →  celery_door, tasks_door
"""

import ast
from functools import cache
from pathlib import Path

AGENT = ("client", "kept", "attempt", "handlers", "agent")
CELERY = ("client", "reporter", "celery_door")
TASKS = ("client", "reporter", "tasks_door")

_URL = 'URL = "http://127.0.0.1:8000"'


@cache
def one_file(parts: tuple[str, ...] = AGENT) -> str:
    """All parts after each other, below the words of the last and what they import, but for each other."""
    words, bodies = "", []
    imports: set[str] = set()
    for part in parts:
        words, imported, body = _taken_apart((Path(__file__).parent / f"{part}.py").read_text(encoding="utf-8"))
        imports |= {line for line in imported if __name__ not in line}
        bodies.append(body)
    head = "\n".join(sorted(imports, key=lambda line: (line.startswith("from"), line)))
    return "\n\n\n".join([f"{words}\n\n{head}", *bodies]) + "\n"


def _taken_apart(text: str) -> tuple[str, list[str], str]:
    """Its docstring, its imports, and the rest."""
    lines = text.splitlines()
    first, *others = ast.parse(text).body
    imports = [node for node in others if isinstance(node, ast.Import | ast.ImportFrom)]
    begins = imports[-1].end_lineno or 0
    return (
        "\n".join(lines[: first.end_lineno]),
        [ast.unparse(node) for node in imports],
        "\n".join(lines[begins:]).strip(),
    )


def for_server(url: str, parts: tuple[str, ...] = AGENT) -> str:
    """The same with the address of the server that hands it out."""
    return one_file(parts).replace(_URL, f"URL = {url!r}", 1)
