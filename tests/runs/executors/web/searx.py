"""A server that speaks SearXNG's JSON: what it finds follows from what it is asked, and everything asked is kept."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.runs.executors.web.serving import Site, say, serving

Row = dict[str, Any]
SITES = ("alpha.example", "beta.example", "www.gamma.example", "delta.example", "omega.example")


@dataclass
class Searx:
    """What was asked (`q`, `pageno` …), and the most that was under way at once."""

    site: Site = field(default_factory=Site)
    asked: list[dict[str, str]] = field(default_factory=list)
    at_once: int = 0
    now: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        return self.site.url("")

    def queries(self) -> list[str]:
        return [asked["q"] for asked in self.asked]


def rows(asked: dict[str, str]) -> list[Row]:
    """A page of every site; all sites tell of a journal, and each search has a page of its own."""
    found = [
        {"url": f"https://{site}/{number}", "title": f"Locking explained {site}", "content": "journal checkpoint"}
        for number, site in enumerate(SITES)
    ]
    own = {"url": f"https://only.example/{len(asked['q'])}", "title": "Peculiar observation", "content": ""}
    return [row | {"engine": "bing", "engines": ["bing", "brave"]} for row in [*found, own]]


Answers = Callable[[Searx, Any, dict[str, str]], None]


def findings(searx: Searx, handler: Any, asked: dict[str, str]) -> None:
    tell(handler, rows(asked))


def tell(handler: Any, found: list[Row], **more: Any) -> None:
    told = {"query": "", "results": found, "suggestions": ["sqlite busy timeout"], "unresponsive_engines": []} | more
    say(handler, 200, json.dumps(told).encode(), Content_Type="application/json")


@contextmanager
def searching(answers: Answers = findings) -> Iterator[Searx]:
    searx = Searx()

    def answer(handler: Any) -> None:
        asked = {name: values[0] for name, values in parse_qs(urlsplit(handler.path).query).items()}
        with searx.lock:
            searx.asked.append(asked)
            searx.now += 1
            searx.at_once = max(searx.at_once, searx.now)
        try:
            answers(searx, handler, asked)
        finally:
            with searx.lock:
                searx.now -= 1

    with serving(answer) as searx.site:
        yield searx
