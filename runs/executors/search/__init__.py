"""`search`: looks for a text in the workspace by several strategies at once.

`{"name": "search", "query": "Loader", "strategies": ["content", "files", "symbols", "imports"], "path": "src"}` gives
`{"matches": [{"path", "line", "text", "strategy", "score"}], "files", "truncated", "failed_strategies"}`. Each strategy
works in a child process; one that fails, or takes too long, does not lose the others. docs/searching.md says the rest.
"""

import json
import tempfile
import threading
from pathlib import Path
from typing import Any

from django.conf import settings

from runs.executors.base import Failed, Job, Outcome
from runs.executors.search import background, ranking, team, together
from runs.executors.search.matching import Needle
from runs.executors.search.ranking import STRATEGIES, Hit
from runs.executors.search.together import Asked

MOST_MATCHES = 1_000
MOST_FILES = 10_000


def run(job: Job) -> Outcome:
    query, strategies, path = _checked(job)
    with tempfile.TemporaryDirectory(prefix="abreast-search-") as folder:
        listing = str(Path(folder) / "files.json")
        listed = team.call(job, "search.list", {"path": path, "home": str(settings.HOME), "to": listing})
        try:
            turn = threading.Lock()
            asked = [Asked(job, strategy, query, listing, turn) for strategy in strategies]
            together.carry_out(job, asked)
        finally:
            if listed["stale"]:
                background.want(job.workspace)
    if all(one.error for one in asked):
        raise Failed("; ".join(f"{one.strategy}: {one.error}" for one in asked))
    return Outcome(_result(query, asked))


def _checked(job: Job) -> tuple[str, list[str], str]:
    query, path = job.spec.get("query"), job.spec.get("path", ".")
    strategies = job.spec.get("strategies") or list(STRATEGIES)
    if not isinstance(query, str) or not query.strip() or any(each in query for each in "\0\r\n"):
        raise Failed("search needs a query, within one line", retryable=False)
    if not isinstance(path, str) or not isinstance(strategies, list) or not set(strategies) <= set(STRATEGIES):
        raise Failed(f"search knows the strategies {', '.join(STRATEGIES)}, and needs a path", retryable=False)
    try:
        (query + path).encode()
    except UnicodeEncodeError:
        raise Failed("query and path must be text: half a surrogate pair", retryable=False) from None
    return query, strategies, path


def _result(query: str, asked: list[Asked]) -> dict[str, Any]:
    needle = Needle(query)
    answers = {one.strategy: one.answer for one in asked if not one.error}
    ranked = ranking.fused({name: [Hit(*one) for one in answer["matches"]] for name, answer in answers.items()}, needle)
    files = ranking.files({name: answer["files"] for name, answer in answers.items()}, ranked)
    matches, listed = _fitting(ranked[:MOST_MATCHES], 0.5), _fitting(files[:MOST_FILES], 0.4)
    whole = len(matches) == len(ranked) and len(listed) == len(files)
    return {
        "matches": matches,
        "files": listed,
        "truncated": not whole or any(answer["truncated"] for answer in answers.values()),
        "failed_strategies": [one.strategy for one in asked if one.error],
    }


def _fitting(items: list[Any], part: float) -> list[Any]:
    """The first of them, as many as fit into a part of a result."""
    room = part * settings.RESULT_MAX_BYTES
    for at, item in enumerate(items):
        room -= len(json.dumps(item, ensure_ascii=False).encode()) + 1
        if room < 0:
            return items[:at]
    return items
