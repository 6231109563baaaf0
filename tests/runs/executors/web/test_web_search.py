"""The executor `web_search`, against a server that speaks SearXNG's JSON."""

import threading
import time
from collections import Counter
from typing import Any

import pytest
from pytest_django import Settings

from runs.executors import web_search
from runs.executors.base import Failed, Job, Stop, Stopped
from runs.executors.results import encode
from runs.executors.web.searching import BATCHES, merged
from tests.runs.executors.conftest import Kept
from tests.runs.executors.web.searx import Answers, Searx, findings, rows, searching, tell
from tests.runs.executors.web.serving import say


def search(searx: Searx, settings: Settings, kept: Kept | None = None, **spec: Any) -> Any:
    settings.SEARXNG_URL = searx.url
    job = Job({"name": "web_search", "query": "sqlite lock"} | spec, timeout_seconds=60, output=kept or Kept())
    result = web_search.run(job).result
    encode(result, settings.RESULT_MAX_BYTES)
    return result


def fail(settings: Settings, answers: Answers) -> Failed:
    with searching(answers) as searx, pytest.raises(Failed) as failed:
        search(searx, settings)
    return failed.value


def test_without_a_server_the_setting_is_named(settings: Settings) -> None:
    settings.SEARXNG_URL = ""
    with pytest.raises(Failed, match="ABREAST_SEARXNG_URL") as failed:
        web_search.run(Job({"name": "web_search", "query": "sqlite"}))
    assert not failed.value.retryable


@pytest.mark.parametrize("url", ["searx", "ftp://127.0.0.1/", "http://user:word@127.0.0.1/", "http://a b/"])
def test_a_server_that_cannot_be_meant_names_the_setting(settings: Settings, url: str) -> None:
    settings.SEARXNG_URL = url
    with pytest.raises(Failed, match=r"^ABREAST_SEARXNG_URL: ") as failed:
        web_search.run(Job({"name": "web_search", "query": "sqlite"}))
    assert not failed.value.retryable


def test_up_to_32_searches_are_made_and_none_twice(settings: Settings) -> None:
    with searching() as searx:
        result = search(searx, settings)
    assert 16 <= len(searx.asked) <= sum(BATCHES) == 32
    assert result["searches"] == len(searx.asked)
    assert all(asked["format"] == "json" for asked in searx.asked)
    same = Counter(
        (*sorted(asked["q"].lower().split()), *sorted(asked.items() - {("q", asked["q"])})) for asked in searx.asked
    )
    assert max(same.values()) == 1
    assert searx.asked[0]["q"] == "sqlite lock" or "sqlite lock" in searx.queries()[:18]


def test_the_first_batches_are_under_way_at_once(settings: Settings) -> None:
    """Each of 18 answers waits until all 18 have been asked for."""
    together = threading.Barrier(18, timeout=20)

    def answers(searx: Searx, handler: Any, asked: dict[str, str]) -> None:
        if len(searx.asked) <= 18 and not together.broken:
            together.wait()
        findings(searx, handler, asked)

    with searching(answers) as searx:
        search(searx, settings)
    assert not together.broken
    assert 18 <= searx.at_once <= 32


def test_later_batches_follow_from_what_earlier_ones_found(settings: Settings) -> None:
    with searching() as searx:
        search(searx, settings)
    first, later = searx.queries()[:18], searx.queries()[18:]
    assert any(query.startswith("site:") for query in later)
    assert "sqlite busy timeout" in later
    assert any("checkpoint" in query or "journal" in query for query in later)
    assert any("Peculiar observation -site:only.example" in query for query in later)
    assert not any("journal" in query or "site:" in query for query in first)


def test_what_many_searches_find_is_one_result_and_comes_first(settings: Settings) -> None:
    with searching() as searx:
        result = search(searx, settings)
    urls = [found["url"] for found in result["results"]]
    assert len({merged(url) for url in urls}) == len(urls)
    first = result["results"][0]
    assert (first["url"], first["domain"]) == ("https://alpha.example/0", "alpha.example")
    assert first["searches"] == result["searches"]
    assert first["score"] == pytest.approx(result["searches"] / 61, abs=1e-5)
    assert first["engines"] == ["bing", "brave"]
    scores = [found["score"] for found in result["results"]]
    assert scores == sorted(scores, reverse=True)


def test_results_are_clustered_by_site_and_checked_against_other_sites(settings: Settings) -> None:
    with searching() as searx:
        result = search(searx, settings)
    assert [site["domain"] for site in result["domains"]][:3] == ["alpha.example", "beta.example", "gamma.example"]
    assert sum(site["results"] for site in result["domains"]) == len(result["results"])
    by_domain = {found["domain"]: found for found in result["results"]}
    assert "beta.example" in by_domain["alpha.example"]["confirmed_by"]
    assert by_domain["only.example"]["confirmed_by"] == []
    assert {"checkpoint", "explained", "journal"} <= set(result["terms"])


@pytest.mark.parametrize(
    ("domains", "expected"),
    [
        (["alpha.example"], {"alpha.example"}),
        (["-alpha.example", "-only.example"], {"beta.example", "gamma.example", "delta.example", "omega.example"}),
        (
            ["example", "-gamma.example"],
            {"alpha.example", "beta.example", "delta.example", "omega.example", "only.example"},
        ),
        (["pha.example"], set()),
    ],
)
def test_only_sites_that_are_wanted_are_told(settings: Settings, domains: list[str], expected: set[str]) -> None:
    with searching() as searx:
        result = search(searx, settings, domains=domains)
    assert {found["domain"] for found in result["results"]} == expected
    assert all(f"site:{name} sqlite lock" in searx.queries()[:18] for name in domains if name[0] != "-")


def test_no_more_results_are_told_than_wanted(settings: Settings) -> None:
    with searching() as searx:
        assert len(search(searx, settings, limit=2)["results"]) == 2


def test_results_stream_as_they_are_found(settings: Settings, kept: Kept) -> None:
    over = threading.Event()

    def answers(searx: Searx, handler: Any, asked: dict[str, str]) -> None:
        """All but one answer wait until the first results have been printed."""
        if len(searx.asked) > 1:
            over.wait(20)
        findings(searx, handler, asked)

    kept.on = (b"<https://alpha.example/0>", over.set)
    with searching(answers) as searx:
        search(searx, settings, kept)
    assert over.is_set()
    text = kept.data.decode()
    assert text.count("<https://alpha.example/0>") == 1
    assert text.startswith("[1] ") or "\n[1] " in text


def test_one_search_that_fails_loses_only_its_own(settings: Settings) -> None:
    def answers(searx: Searx, handler: Any, asked: dict[str, str]) -> None:
        say(handler, 500) if "tutorial" in asked["q"] else findings(searx, handler, asked)

    with searching(answers) as searx:
        result = search(searx, settings)
    assert [failed["query"] for failed in result["failed"]] == ["sqlite lock tutorial"]
    assert "status 500" in result["failed"][0]["error"]
    assert result["searches"] == len(searx.asked) - 1 >= 16
    assert result["results"]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"<html>", "no JSON"),
        (b'{"results": 7}', "no list of results"),
        (b"[" * 100_000, "no JSON"),
        (b"[]", "no list of results"),
        (b"\xff", "no JSON"),
    ],
)
def test_what_is_no_answer_of_searxng_is_told(settings: Settings, body: bytes, says: str) -> None:
    failed = fail(settings, lambda searx, handler, asked: say(handler, 200, body))
    assert says in failed.error
    assert failed.retryable


def test_an_answer_that_is_too_large_is_told(settings: Settings) -> None:
    failed = fail(settings, lambda searx, handler, asked: say(handler, 200, b" " * 2**20 + b"{}"))
    assert failed.error == "SearXNG answers with more than 1 MiB"


def test_json_that_is_switched_off_is_told(settings: Settings) -> None:
    failed = fail(settings, lambda searx, handler, asked: say(handler, 403))
    assert "search.formats" in failed.error
    assert not failed.retryable


def test_rows_that_make_no_sense_are_left_out(settings: Settings) -> None:
    odd: list[Any] = [
        None,
        7,
        {},
        {"url": 7},
        {"url": "javascript:alert(1)", "title": "x"},
        {"url": "http://[", "title": "x"},
    ]
    odd += [{"url": "https://fine.example/", "title": None, "content": ["x"], "engines": {"a": 1}, "engine": 7}]
    odd += [{"url": "https://odd.example/", "title": "a\ud800\0\x1b[31m\nb" * 500, "engines": ["x" * 9000] * 99}]

    with searching(lambda searx, handler, asked: tell(handler, odd, suggestions=[None, {"a": 1}, ""])) as searx:
        result = search(searx, settings)
    assert {found["url"] for found in result["results"]} == {"https://fine.example/", "https://odd.example/"}


def test_a_flood_of_results_fits_a_result(settings: Settings) -> None:
    def answers(searx: Searx, handler: Any, asked: dict[str, str]) -> None:
        row = {"title": "ü" * 300, "content": "ü" * 500}
        tell(handler, [row | {"url": f"https://{n}-{len(searx.asked)}.example/{'ü' * 900}"} for n in range(80)])

    with searching(answers) as searx:
        assert 20 < len(search(searx, settings, limit=200)["results"]) < 200


# ---- limits of the other side ----


def busy_for_one(status: int, **headers: str) -> Answers:
    """Answers the third request with a status, and keeps when what was asked."""

    def answers(searx: Searx, handler: Any, asked: dict[str, str]) -> None:
        asked |= {"at": str(time.monotonic()), "asked": handler.path}
        say(handler, status, b"", **headers) if searx.asked.index(asked) == 2 else findings(searx, handler, asked)

    return answers


@pytest.mark.parametrize("status", [429, 503])
def test_who_is_told_to_wait_waits_and_asks_again(settings: Settings, status: int) -> None:
    with searching(busy_for_one(status, Retry_After="1")) as searx:
        result = search(searx, settings)
    assert result["failed"] == []
    told = float(searx.asked[2]["at"])
    again = [asked for asked in searx.asked if asked["asked"] == searx.asked[2]["asked"]]
    assert len(searx.asked) == result["searches"] + 1
    assert [float(asked["at"]) - told >= 1.0 for asked in again] == [False, True]


def test_all_searches_wait_for_one(settings: Settings) -> None:
    """Between being told to wait and having waited nobody asks, but for those that are on their way already."""
    with searching(busy_for_one(429, Retry_After="1")) as searx:
        search(searx, settings)
    told = float(searx.asked[2]["at"])
    meanwhile = [asked for asked in searx.asked[18:] if told < float(asked["at"]) < told + 1.0]
    assert meanwhile == []


@pytest.mark.parametrize("wait", ["3600", "Fri, 31 Dec 2199 23:59:59 GMT"])
def test_who_is_told_to_wait_for_long_gives_up(settings: Settings, wait: str) -> None:
    failed = fail(settings, lambda searx, handler, asked: say(handler, 429, Retry_After=wait))
    assert "asks to wait" in failed.error
    assert failed.retryable


@pytest.mark.parametrize("wait", ["0", "Fri, 31 Dec 1999 23:59:59 GMT"])
def test_a_limit_without_an_end_is_a_failure(settings: Settings, wait: str) -> None:
    failed = fail(settings, lambda searx, handler, asked: say(handler, 429, Retry_After=wait))
    assert "status 429, 4 times" in failed.error


def test_a_search_is_stopped_while_it_waits(settings: Settings) -> None:
    over = threading.Event()
    job = Job({"name": "web_search", "query": "sqlite"}, timeout_seconds=60)

    def answers(searx: Searx, handler: Any, asked: dict[str, str]) -> None:
        job.stop(Stop.RELEASE)
        over.wait(40)

    with searching(answers) as searx, pytest.raises(Stopped) as stopped:
        settings.SEARXNG_URL = searx.url
        began = time.monotonic()
        try:
            web_search.run(job)
        finally:
            took = time.monotonic() - began
            over.set()
    assert stopped.value.why is Stop.RELEASE
    assert took < 20


def test_a_server_that_is_not_there_is_told(settings: Settings) -> None:
    settings.SEARXNG_URL = "http://127.0.0.1:1"
    with pytest.raises(Failed, match="cannot be reached") as failed:
        web_search.run(Job({"name": "web_search", "query": "sqlite"}, timeout_seconds=30))
    assert failed.value.retryable


def test_rows_of_the_server_are_those_of_searxng() -> None:
    """What the server of these tests tells has the fields that SearXNG's documentation names."""
    assert all({"url", "title", "content", "engine", "engines"} <= row.keys() for row in rows({"q": "x"}))
