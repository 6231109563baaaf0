"""What the templates share: numbers as people say them, times, icons, statuses, and where one can go.

The tags return finished HTML: a table of fifty rows calls them hundreds of times, and an included template a cell
would cost more than the rest of the page.
"""

from collections.abc import Mapping, Sized
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from django import template
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

from dashboard.words import ansi, figures
from runs.models import Attempt, Run
from runs.reading import attention
from runs.reading.timeline import origin

register = template.Library()

for form in (
    figures.duration,
    figures.precise,
    figures.about,
    figures.rough,
    figures.ago,
    figures.percent,
    figures.times,
    figures.count,
    figures.ordinal,
    figures.place,
    figures.size,
    figures.on_axis,
):
    register.filter(form.__name__, form)


@register.filter
def plural(number: int, word: str) -> str:
    """`{{ 3|plural:"subtask" }}`; an irregular plural follows a comma: `{{ 2|plural:"try,tries" }}`."""
    return figures.plural(number, *word.split(",", 1))


@register.filter
def add_number(number: float, more: float) -> float:
    """A place in a picture, moved; the filter `add` of Django knows whole numbers only."""
    return round(number + more, 1)


@register.filter
def plural_of(things: Sized, word: str) -> str:
    """The same for how many things there are."""
    return plural(len(things), word)


@register.filter
def visible(thing: object) -> str:
    """The text of something, with what is hidden in it spelled out."""
    return ansi.visible(str(thing))


@register.filter
def plain(text: str) -> str:
    """A message without colours and other escape sequences."""
    return ansi.plain(text)


@register.filter
def key(text: str) -> SafeString:
    """The key of a subtask, which may be broken after its points where it is too long for its place."""
    return mark_safe(escape(text).replace(".", ".<wbr>").replace("_", "_<wbr>"))  # noqa: S308  (escaped)


# ---- icons and statuses ----

# Statuses that share a drawing with another.
_DRAWN_AS = {
    "running": "in_progress",
    "leased": "pending",
    "succeeded": "completed",
    "busy": "in_progress",
    "idle": "pending",
    "waiting": "question",
    "retired": "skipped",
}


@register.simple_tag
@lru_cache(maxsize=512)  # there are few, and each page draws hundreds
def icon(name: str, css: str = "") -> SafeString:
    """One drawing of the sprite, hidden from screen readers: the word beside it says the same."""
    drawing = '<svg class="{}" aria-hidden="true"><use href="{}#{}"></use></svg>'
    return format_html(drawing, f"icon {css}".rstrip(), static("icons.svg"), name)


@register.simple_tag
@lru_cache(maxsize=512)
def status(word: str, css: str = "", label: str = "") -> SafeString:
    """A status: its icon and its word, always both. `css` "is-badge" draws it as a badge."""
    classes = f"status is-{word.replace('_', '-')} {css}".rstrip()
    drawing = icon(_DRAWN_AS.get(word, word))
    return format_html('<span class="{}">{}{}</span>', classes, drawing, label or word.replace("_", " "))


@register.simple_tag
def status_drawing(word: str) -> SafeString:
    """The icon of a status alone, beside a word that stands there already."""
    return icon(_DRAWN_AS.get(word, word))


@register.simple_tag
def status_icon(word: str) -> SafeString:
    """A status where there is no room for its word: the word is there for those who do not see the icon."""
    kind = f"is-{word.replace('_', '-')}"
    return format_html(
        '<span class="status {}" title="{}">{}<span class="visually-hidden">{}</span></span>',
        kind,
        word.replace("_", " "),
        icon(_DRAWN_AS.get(word, word)),
        word.replace("_", " "),
    )


# ---- times ----


@register.simple_tag
def clock(moment: datetime | None) -> SafeString | str:
    """When something was. The browser says it in the reader's own time zone; the exact time is in the tooltip."""
    if moment is None:
        return figures.UNKNOWN
    moment = moment.astimezone(UTC)
    words = figures.clock(moment, timezone.now().date())
    return format_html(
        '<time data-clock datetime="{}" title="{}">{}</time>', moment.isoformat(), figures.exact(moment), words
    )


@register.simple_tag
def since(moment: datetime | None, now: datetime | None = None) -> SafeString | str:
    """How long ago something was; it counts on in the browser."""
    return _ticking(moment, now, "ago", figures.ago)


@register.simple_tag
def elapsed(moment: datetime | None, now: datetime | None = None) -> SafeString | str:
    """For how long something has been going on; it counts on in the browser."""
    return _ticking(moment, now, "elapsed", figures.passing)


@register.simple_tag
def lasted(since: datetime, until: datetime) -> str:
    """For how long something had been going on at a moment of the past."""
    return figures.passing((until - since).total_seconds())


@register.simple_tag
def gained(progress: Mapping[str, Any]) -> SafeString:
    """The speedup: measured where there was a baseline, as everywhere; else estimated."""
    measured = progress["baseline_speedup"]
    how = "measured against a baseline" if measured else "estimated" if progress["speedup"] else "not known"
    return format_html('<span title="{}">{}</span>', how, figures.times(measured or progress["speedup"]))


@register.filter
def of_hundred(number: float | None) -> str:
    """A share of a hundred in percent."""
    return figures.percent(None if number is None else number / 100)


@register.simple_tag
def so_far(run: Run, progress: Mapping[str, Any], now: datetime) -> SafeString | str:
    """How long a run has taken: it counts on in the browser, but not while nobody is to be at work."""
    seconds = progress["elapsed_seconds"]
    if run.paused_at or run.person_at:
        return figures.passing(seconds)
    return elapsed(now - timedelta(seconds=seconds), now)


def _ticking(moment: datetime | None, now: datetime | None, form: str, say: Any) -> SafeString | str:
    if moment is None:
        return figures.UNKNOWN
    moment = moment.astimezone(UTC)
    words = say(((now or timezone.now()) - moment).total_seconds())
    return format_html(
        '<time data-tick="{}" datetime="{}" title="{}">{}</time>',
        form,
        moment.isoformat(),
        figures.exact(moment),
        words,
    )


@register.simple_tag
def left(until: datetime, expected: float, now: datetime) -> SafeString:
    """How long something still takes if it takes as long as expected: "about 8 s left of 14 s"; it counts down."""
    return format_html(
        '<span data-tick="left" data-until="{}" data-of="{}">{}</span>',
        until.isoformat(),
        expected,
        figures.left((until - now).total_seconds(), expected),
    )


@register.simple_tag
def offset(run: Run, moment: datetime) -> SafeString:
    """When something was, counted from the beginning of its run."""
    words = figures.on_axis((moment - origin(run)).total_seconds())
    return format_html('<time datetime="{}" title="{}">{}</time>', moment.isoformat(), figures.exact(moment), words)


@register.simple_tag
def took(attempt: Attempt) -> str:
    """How long an attempt that has ended took."""
    if attempt.finished_at is None:
        return figures.UNKNOWN
    return figures.precise((attempt.finished_at - (attempt.started_at or attempt.leased_at)).total_seconds())


# ---- where one can go ----

_PLACES = (
    ("overview", "Overview", "o"),
    ("todos", "Todos", "t"),
    ("runs", "Runs", "r"),
    ("agents", "Agents", "a"),
    ("insights", "Insights", "i"),
    ("settings", "Settings", "s"),
)


@register.simple_tag
def places() -> list[dict[str, str]]:
    """The main pages there are, in order: URL name, title, address, and the key that follows `g`."""
    found = []
    for name, title, key in _PLACES:
        try:
            found.append({"name": name, "title": title, "href": reverse(name), "key": key})
        except NoReverseMatch:
            continue
    return found


@register.simple_tag(takes_context=True)
def waiting_count(context: dict[str, Any]) -> int:
    """How many things wait for whoever looks at the page."""
    user = context["request"].user
    return attention.count(user.pk, timezone.now()) if user.is_authenticated else 0


@register.simple_tag(takes_context=True)
def query(context: dict[str, Any], **changes: Any) -> str:
    """The query string of this page with some of it changed; None or "" leaves a part out, and so does `cursor`."""
    request: HttpRequest = context["request"]
    parts = request.GET.copy()
    for name in ("cursor", "part"):
        parts.pop(name, None)
    for name, value in changes.items():
        parts.pop(name, None)
        if value not in (None, ""):
            parts[name] = str(value)
    return f"?{parts.urlencode()}" if parts else request.path
