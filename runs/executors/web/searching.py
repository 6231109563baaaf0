"""What to search for, batch after batch, and what many searches make together. No network here.

The first three batches ask around the question: other pages, kinds, times and sides of it. They need no findings, so
they may go out at once. The others follow from what came: suggestions, words that many sites use, the sites that have
most, and at last whether anybody else says what the best results say.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

BATCHES = (8, 6, 4, 4, 4, 3, 2, 1)
AT_ONCE = 3  # batches, from the first, that do not wait for each other
MAX_QUERY = 300  # characters
_RANKS = 60  # the constant of reciprocal rank fusion: how little the first place is worth over the second
_CATEGORIES = ("it", "science", "news")
_PERIODS = ("year", "month")
_SIDES = "documentation overview example comparison problems tutorial alternatives history research criticism".split()
_COMMON = frozenset(
    "about after also been before being between could does from have here into just like more most much only other "
    "over some such than that their them then there these they this those through very were what when where which "
    "while will with would your https http html".split()
)
_WORD = re.compile(r"[^\W\d_]{4,}")


@dataclass(frozen=True, slots=True)
class Search:
    """One question to a provider. `category` and `period` are the provider's words, "" for any."""

    query: str
    page: int = 1
    category: str = ""
    period: str = ""

    @property
    def key(self) -> tuple[object, ...]:
        """The same for searches that ask the same."""
        return (*sorted(self.query.casefold().split()), self.page, self.category, self.period)


@dataclass(slots=True)
class Hit:
    """One result of one search, as the provider gives it."""

    url: str
    title: str
    text: str = ""
    engines: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Found:
    """A result of all searches together."""

    url: str
    title: str
    text: str
    domain: str
    score: float = 0.0
    searches: int = 0
    engines: set[str] = field(default_factory=set)
    title_words: set[str] = field(init=False)
    words: set[str] = field(init=False)

    def __post_init__(self) -> None:
        self.title_words = _words(self.title)
        self.words = self.title_words | _words(self.text)


class Findings:
    """All that has been found, merged: whoever is found often and far up comes first."""

    def __init__(self, domains: Iterable[str] = ()) -> None:
        """`domains`: only these and what is below them; with a minus before it, not those."""
        words = [domain.casefold() for domain in domains]
        self.only = [word for word in words if not word.startswith("-")]
        self._never = [word[1:] for word in words if word.startswith("-")]
        self._by_url: dict[str, Found] = {}
        self.suggestions: dict[str, None] = {}

    def add(self, hits: Iterable[Hit]) -> list[Found]:
        """Takes in what one search has found, the best first; gives what is new of it."""
        fresh, seen = [], set()
        for rank, hit in enumerate(hits, start=1):
            key, domain = merged(hit.url), domain_of(hit.url)
            if key in seen or not domain or not self._wanted(domain):
                continue
            seen.add(key)
            found = self._by_url.get(key)
            if found is None:
                found = self._by_url[key] = Found(hit.url, hit.title, hit.text, domain)
                fresh.append(found)
            found.score += 1 / (_RANKS + rank)
            found.searches += 1
            found.engines.update(hit.engines)
        return fresh

    def best(self) -> list[Found]:
        return sorted(self._by_url.values(), key=lambda found: (-found.score, found.url))

    def domains(self) -> list[tuple[str, int]]:
        """How many results each site has; those with the best results first."""
        return list(Counter(found.domain for found in self.best()).items())

    def terms(self, query: str) -> list[str]:
        """Words that several sites use and the query does not, those of most sites first."""
        sites: dict[str, set[str]] = {}
        for found in self.best():
            for word in found.words - _words(query):
                sites.setdefault(word, set()).add(found.domain)
        often = [(len(names), word) for word, names in sites.items() if len(names) > 1]
        return [word for _, word in sorted(often, key=lambda pair: (-pair[0], pair[1]))]

    def confirmed_by(self, one: Found) -> list[str]:
        """Other sites that say at least half of the words of its title."""
        title = one.title_words
        others = (found for found in self.best() if found.domain != one.domain)
        agree = [found.domain for found in others if 2 * len(title & found.words) >= len(title)]
        return list(dict.fromkeys(agree)) if title else []

    def _wanted(self, domain: str) -> bool:
        if any(_below(domain, never) for never in self._never):
            return False
        return not self.only or any(_below(domain, only) for only in self.only)


class Plan:
    """The searches of each batch. Nothing is asked twice."""

    def __init__(self, query: str, findings: Findings) -> None:
        self._query = " ".join(query.split())[:MAX_QUERY]
        self._findings = findings
        self._asked: set[tuple[object, ...]] = set()
        self._around = self._new(_around(self._query, findings.only))

    def batch(self, number: int) -> list[Search]:
        """The searches of a batch, 0 the first; fewer, maybe none, when there is no more to ask."""
        if number < AT_ONCE:
            return list(islice(self._around, BATCHES[number]))
        return list(islice(self._new(self._after(number)), BATCHES[number]))

    def _after(self, number: int) -> Iterator[Search]:
        if number >= 6:
            yield from self._checks()
        elif number == 4:
            yield from (Search(f"site:{domain} {self._query}") for domain, _ in self._findings.domains()[:12])
        yield from (Search(text[:MAX_QUERY]) for text in self._findings.suggestions)
        yield from (Search(f"{self._query} {term}") for term in self._findings.terms(self._query)[:20])

    def _checks(self) -> Iterator[Search]:
        """Whether anybody else says it: titles of the best results that nobody confirms yet, on other sites."""
        for found in self._findings.best()[:10]:
            if found.title and not self._findings.confirmed_by(found):
                yield Search(f"{found.title[: MAX_QUERY - 100]} -site:{found.domain[:90]}")

    def _new(self, searches: Iterable[Search]) -> Iterator[Search]:
        for search in searches:
            if search.query and search.key not in self._asked:
                self._asked.add(search.key)
                yield search


def _around(query: str, only: list[str]) -> Iterator[Search]:
    yield Search(query)
    yield from (Search(f"site:{domain} {query}") for domain in only[:8])
    yield from (Search(query, page=page) for page in (2, 3))
    yield from (Search(query, category=category) for category in _CATEGORIES)
    yield from (Search(query, period=period) for period in _PERIODS)
    if " " in query and '"' not in query:
        yield Search(f'"{query}"')
    yield from (Search(f"{query} {side}") for side in _SIDES)


def merged(url: str) -> str:
    """The same for addresses of the same page: without the ways to come there."""
    try:
        parts = urlsplit(url)
        pairs = [(name, value) for name, value in parse_qsl(parts.query) if not name.lower().startswith("utm_")]
        return urlunsplit(("", domain_of(url), parts.path.rstrip("/"), urlencode(pairs), ""))
    except ValueError:
        return url


def domain_of(url: str) -> str:
    """The site of an address of http or https; "" of others."""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "") if parts.scheme in ("http", "https") else ""
    except ValueError:
        return ""
    return host.removeprefix("www.").rstrip(".")


def _below(domain: str, wanted: str) -> bool:
    return domain == wanted or domain.endswith("." + wanted)


def _words(text: str) -> set[str]:
    return set(_WORD.findall(text.casefold())) - _COMMON
