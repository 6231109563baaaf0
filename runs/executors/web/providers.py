"""Who searches the web for us. A provider answers one search; another one is another class with the same method."""

import asyncio
import json
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Protocol
from urllib.parse import urlencode

from runs.executors.results import storable_text
from runs.executors.web.fetch import Answer, Broken, Unfit, Web, checked
from runs.executors.web.searching import Hit, Search

MAX_SECONDS = 15.0  # for one answer
MAX_WAIT_SECONDS = 60.0  # that a provider may ask for
_TRIES = 4
_MAX_HITS = 100  # of one search
_CHARS = {"url": 1_000, "title": 300, "content": 500}


class Provider(Protocol):
    """Searches. Raises Broken and Unfit."""

    async def search(self, web: Web, search: Search) -> tuple[list[Hit], list[str]]:
        """What was found, the best first, and what else could be searched for."""


class SearXNG:
    """A SearXNG server with its JSON format switched on. One for all the searches of a job: they wait together."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        self._open_at = 0.0  # not to be asked before; a time of the monotonic clock

    async def search(self, web: Web, search: Search) -> tuple[list[Hit], list[str]]:
        answer = await self._patiently(web, self._address(search))
        if answer.status == 403:
            raise Unfit("SearXNG refuses (403): its settings must have json in search.formats")
        if answer.status != 200:
            raise Broken(f"SearXNG answers with status {answer.status}")
        if answer.cut:
            raise Broken("SearXNG answers with more than 1 MiB")
        try:
            told = json.loads(answer.body)
        except (ValueError, RecursionError):
            raise Broken("SearXNG answers with something that is no JSON") from None
        if not isinstance(told, dict) or not isinstance(told.get("results"), list):
            raise Broken("SearXNG answers with something that is no list of results")
        return _hits(told["results"]), _texts(told.get("suggestions"))

    def _address(self, search: Search) -> str:
        asked = {"q": search.query, "format": "json", "pageno": str(search.page)}
        if search.category:
            asked["categories"] = search.category
        if search.period:
            asked["time_range"] = search.period
        return f"{self._url}/search?{urlencode(asked)}"

    async def _patiently(self, web: Web, url: str) -> Answer:
        """Asks again when it is told to wait; until then nobody else asks either."""
        for tried in range(_TRIES):
            while (left := self._open_at - time.monotonic()) > 0:
                await asyncio.sleep(left)
            try:
                async with asyncio.timeout(MAX_SECONDS):
                    answer = await web.send(checked(url))
            except TimeoutError:
                raise Broken(f"SearXNG takes more than {MAX_SECONDS:g} s") from None
            if answer.status not in (429, 503):
                return answer
            seconds = _asked_to_wait(answer.headers.get("retry-after"), otherwise=float(2**tried))
            if seconds > MAX_WAIT_SECONDS:
                raise Broken(f"SearXNG asks to wait {seconds:.0f} s")
            self._open_at = max(self._open_at, time.monotonic() + seconds)
        raise Broken(f"SearXNG answers with status {answer.status}, {_TRIES} times")


def _asked_to_wait(text: str | None, *, otherwise: float) -> float:
    """Seconds that `Retry-After` asks for: a number or a date."""
    if text is None:
        return otherwise
    if text.strip().isdecimal():
        return float(text.strip()[:10])
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return otherwise
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(0.0, (at - datetime.now(UTC)).total_seconds())


def _hits(rows: list[Any]) -> list[Hit]:
    hits = []
    for row in rows[:_MAX_HITS]:
        if not isinstance(row, dict):
            continue
        url, title, text = (_text(row.get(name), most) for name, most in _CHARS.items())
        if url:
            hits.append(Hit(url, title, text, _texts(row.get("engines")) or _texts([row.get("engine")])))
    return hits


def _texts(values: Any) -> list[str]:
    found = [_text(value, 200) for value in values[:10]] if isinstance(values, list) else []
    return [text for text in found if text]


def _text(value: Any, most: int) -> str:
    """On one line, without what cannot be seen."""
    if not isinstance(value, str):
        return ""
    return "".join(sign for sign in " ".join(storable_text(value, most).split()) if sign.isprintable())
