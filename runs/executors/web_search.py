"""`web_search`: many searches of the web for one question, and one ranked list of what they find.

`{"name": "web_search", "query": "sqlite write lock", "domains": ["sqlite.org"], "limit": 20}`. Up to 32 searches in
eight batches (`web/searching.py` says which), by the provider that `ABREAST_SEARXNG_URL` names. Gives `{"query",
"results", "domains", "terms", "searches", "failed"}`; each result is printed the moment it is found. What one search
fails with loses only its own results.
"""

import asyncio
import json
from typing import Any

from django.conf import settings

from runs.executors.base import Failed, Job, Outcome
from runs.executors.web import fetch
from runs.executors.web.network import work
from runs.executors.web.providers import Provider, SearXNG
from runs.executors.web.searching import AT_ONCE, BATCHES, Findings, Found, Plan, Search

LIMIT = 50
MAX_LIMIT = 200
_TOP = 20  # of sites and of words in the result
_CONNECTIONS = sum(BATCHES[:AT_ONCE])


def run(job: Job) -> Outcome:
    query, domains, limit = (job.spec.get(name) for name in ("query", "domains", "limit"))
    if not isinstance(query, str) or not query.strip():
        raise Failed("web_search needs a query", retryable=False)
    working = _Working(job, query, Findings(domains or ()), _provider())
    work(job, working.all())
    return Outcome(working.result(limit or LIMIT))


def _provider() -> Provider:
    if not settings.SEARXNG_URL:
        raise Failed("web_search needs a SearXNG server: set ABREAST_SEARXNG_URL to its address", retryable=False)
    try:
        fetch.checked(settings.SEARXNG_URL)
    except fetch.Unfit as error:
        raise Failed(f"ABREAST_SEARXNG_URL: {error}", retryable=False) from error
    return SearXNG(settings.SEARXNG_URL)


class _Working:
    """The searches of one job."""

    def __init__(self, job: Job, query: str, findings: Findings, provider: Provider) -> None:
        self._job = job
        self._query = query
        self._findings = findings
        self._plan = Plan(query, findings)
        self._provider = provider
        self._searches = 0
        self._failed: list[tuple[Search, Exception]] = []

    async def all(self) -> None:
        """Raises Failed when no search has worked."""
        # The address is the server's own setting: it may well be on this machine.
        async with fetch.web(None, connections=_CONNECTIONS) as web:
            await self._batch(web, *range(AT_ONCE))
            self._give_up_if_nothing_works()
            for number in range(AT_ONCE, len(BATCHES)):
                await self._batch(web, number)

    async def _batch(self, web: fetch.Web, *numbers: int) -> None:
        async with asyncio.TaskGroup() as group:
            for number in numbers:
                for search in self._plan.batch(number):
                    group.create_task(self._one(web, search, number))
        self._job.report((numbers[-1] + 1) / len(BATCHES), f"batch {numbers[-1] + 1} of {len(BATCHES)}")

    async def _one(self, web: fetch.Web, search: Search, number: int) -> None:
        try:
            hits, suggestions = await self._provider.search(web, search)
        except (fetch.Broken, fetch.Unfit) as error:
            self._failed.append((search, error))
            self._print(f"[{number + 1}] {search.query}: failed: {error}")
            return
        self._searches += 1
        self._findings.suggestions.update(dict.fromkeys(suggestions))
        fresh = self._findings.add(hits)
        self._print(f"[{number + 1}] {search.query}: {len(hits)} found, {len(fresh)} new")
        for found in fresh:
            self._print(f"    {found.title} <{found.url}>")

    def _print(self, line: str) -> None:
        self._job.output.write(f"{line}\n".encode("utf-8", "replace"))

    def _give_up_if_nothing_works(self) -> None:
        if not self._searches and self._failed:
            error = self._failed[0][1]
            raise Failed(str(error), retryable=not isinstance(error, fetch.Unfit))

    def result(self, limit: int) -> dict[str, Any]:
        results = [self._told(found) for found in self._findings.best()[:limit]]
        while len(json.dumps(results).encode()) > settings.RESULT_MAX_BYTES // 2:
            results = results[: len(results) * 3 // 4]
        return {
            "query": self._query,
            "results": results,
            "domains": [{"domain": name, "results": many} for name, many in self._findings.domains()[:_TOP]],
            "terms": self._findings.terms(self._query)[:_TOP],
            "searches": self._searches,
            "failed": [{"query": search.query, "error": str(error)[:300]} for search, error in self._failed],
        }

    def _told(self, found: Found) -> dict[str, Any]:
        return {
            "url": found.url,
            "title": found.title,
            "text": found.text,
            "domain": found.domain,
            "score": round(found.score, 6),
            "searches": found.searches,
            "engines": sorted(found.engines),
            "confirmed_by": self._findings.confirmed_by(found)[:5],
        }
