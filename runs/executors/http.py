"""`http`: one request to a host that may be reached, and what it answers.

`{"name": "http", "url": "https://example.org/", "method": "GET"}` gives `{"url", "status", "content_type", "bytes",
"text", "truncated", "redirects", "seconds"}`. A status of 400 or more fails the attempt. Who may be reached:
`web/addresses.py`.
"""

import asyncio
import time
from typing import Any

from django.conf import settings

from runs.executors.base import Failed, Job, Outcome
from runs.executors.results import fitting
from runs.executors.web import fetch
from runs.executors.web.addresses import Refused, Resolver, ask_system
from runs.executors.web.network import work

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_AROUND = 1024  # bytes of a result that are not its text, but for the address
_PASSING = {408, 425, 429}  # what the other side may get over


def run(job: Job, resolver: Resolver = ask_system) -> Outcome:
    url, method = job.spec.get("url"), job.spec.get("method", "GET")
    if not isinstance(url, str) or method not in METHODS:
        raise Failed("http needs a url, and a method that is known", retryable=False)
    since = time.monotonic()
    try:
        answer = work(job, _request(url, method, resolver))
    except (fetch.Unfit, Refused) as error:
        raise Failed(str(error), retryable=False) from error
    except fetch.Broken as error:
        raise Failed(str(error)) from error
    except TimeoutError:
        raise Failed(f"took more than {fetch.MAX_SECONDS:g} s") from None
    result = _result(answer, round(time.monotonic() - since, 3))
    if answer.status >= 400:
        passing = answer.status >= 500 or answer.status in _PASSING
        raise Failed(f"status {answer.status} of {answer.url[:500]}", retryable=passing, partial_result=result)
    return Outcome(result)


async def _request(url: str, method: str, resolver: Resolver) -> fetch.Answer:
    async with asyncio.timeout(fetch.MAX_SECONDS), fetch.web(settings.HTTP_ALLOW, resolver=resolver) as web:
        return await web.get(url, method)


def _result(answer: fetch.Answer, seconds: float) -> dict[str, Any]:
    kind = answer.headers.get("content-type", "")[:200].encode("ascii", "replace").decode()
    text = _text(answer)
    room = settings.RESULT_MAX_BYTES - _AROUND - 6 * len(answer.url)
    kept = None if text is None else fitting(text, room)
    return {
        "url": answer.url,
        "status": answer.status,
        "content_type": kind,
        "bytes": len(answer.body),
        "text": kept,
        "truncated": answer.cut or kept != text,
        "redirects": answer.redirects,
        "seconds": seconds,
    }


def _text(answer: fetch.Answer) -> str | None:
    """The body as text, or None when it is none. Of what was cut the last character may be half."""
    text = answer.body.decode("utf-8", "ignore" if answer.cut else "replace")
    return None if "\0" in text or text.count("�") > len(text) // 10 else text
