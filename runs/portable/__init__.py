"""The agent that others run on their machines, and how it is handed out: as one file.

client  →  kept  →  attempt  →  handlers  →  agent
"""

import ast
from functools import cache
from pathlib import Path

PARTS = ("client", "kept", "attempt", "handlers", "agent")

_URL = 'URL = "http://127.0.0.1:8000"'


@cache
def one_file() -> str:
    """All parts after each other, below the words of the last and what they import, but for each other."""
    words, bodies = "", []
    imports: set[str] = set()
    for part in PARTS:
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


def for_server(url: str) -> str:
    """The same with the address of the server that hands it out."""
    return one_file().replace(_URL, f"URL = {url!r}", 1)
