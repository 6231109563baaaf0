"""Numbers as people say them: "2 min 9 s", "3 h ago", "3.6x", "44 %", "2nd in line".

Pure: a number in, words out. What is not known is a dash, never a zero. `static/js/figures.js` says the same things in
the browser, where they tick.
"""

from datetime import date, datetime

UNKNOWN = "–"
MINUTE, HOUR, DAY = 60, 3600, 86400
# Above this nobody reads seconds any more.
SECONDS_SHOWN_BELOW = 20 * MINUTE


def duration(seconds: float | None) -> str:
    """How long something took or takes: "12 ms", "0.8 s", "14 s", "2 min 9 s", "38 min", "3 h 5 min", "2 d 4 h"."""
    if seconds is None:
        return UNKNOWN
    seconds = max(0.0, seconds)
    if seconds < 0.0995:
        return _milliseconds(seconds)
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    return _whole(seconds)


def precise(seconds: float | None) -> str:
    """A duration in a table: one decimal below a minute, so that a column of them lines up."""
    if seconds is not None and 0.0995 <= seconds < 59.95:
        return f"{seconds:.1f} s"
    return duration(seconds)


def about(seconds: float | None) -> str:
    """A duration that is expected, not measured: "~14 s"."""
    if seconds is None:
        return UNKNOWN
    return "<1 s" if seconds < 0.5 else f"~{_whole(seconds)}"


def rough(seconds: float) -> str:
    """A duration in a sentence, in whole seconds: "8 s", "2 min 9 s"."""
    return "1 s" if seconds < 1 else _whole(seconds)


def passing(seconds: float) -> str:
    """A duration that is still growing, in whole seconds that have passed: "6 s"."""
    return _whole(float(int(max(0.0, seconds))))


def _milliseconds(seconds: float) -> str:
    whole = round(seconds * 1000)
    if whole:
        return f"{whole} ms"
    return "<1 ms" if seconds else "0 s"


def _whole(seconds: float) -> str:
    whole = round(seconds)
    if whole < MINUTE:
        return f"{whole} s"
    if whole < SECONDS_SHOWN_BELOW:
        return _pair(whole, MINUTE, "min", "s")
    minutes = round(seconds / MINUTE)
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 24 * 60:
        return _pair(minutes, 60, "h", "min")
    return _pair(round(seconds / HOUR), 24, "d", "h")


def _pair(amount: int, size: int, large: str, small: str) -> str:
    whole, rest = divmod(amount, size)
    return f"{whole} {large} {rest} {small}" if rest else f"{whole} {large}"


def ago(seconds: float | None) -> str:
    """How long since: "1 s ago", "12 min ago", "3 h ago", "yesterday", "4 days ago"."""
    if seconds is None:
        return UNKNOWN
    for size, word in ((DAY, "day"), (HOUR, "h"), (MINUTE, "min")):
        if seconds >= size:
            number = int(seconds // size)
            if word != "day":
                return f"{number} {word} ago"
            return "yesterday" if number == 1 else f"{number} days ago"
    return f"{max(0, int(seconds))} s ago"


def clock(moment: datetime, today: date) -> str:
    """When something was, in UTC: the time alone if it was today, the day with it if not."""
    if moment.date() == today:
        return f"{moment:%H:%M}"
    day = f"{moment.day} {moment:%b}"
    return f"{day} {moment:%H:%M}" if moment.year == today.year else f"{day} {moment.year}"


def exact(moment: datetime) -> str:
    """When something was, exactly, for a tooltip."""
    return f"{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1000:03d} UTC"


def percent(share: float | None) -> str:
    """A share from 0 to 1 in percent: "44 %". Neither 0 nor 100 unless it is."""
    if share is None:
        return UNKNOWN
    if 0 < share < 0.005:
        return "<1 %"
    if 0.995 <= share < 1:
        return "99 %"
    return f"{share * 100:.0f} %"


def times(ratio: float | None) -> str:
    """How many times as fast: "3.6x", "12x"; "<0.1x" rather than a zero that it is not."""
    if ratio is None:
        return UNKNOWN
    if 0 < ratio < 0.05:
        return "<0.1x"
    return f"{ratio:.1f}x" if ratio < 9.95 else f"{ratio:,.0f}x"


def count(number: int | None) -> str:
    """A number of things: "1,204"."""
    return UNKNOWN if number is None else f"{number:,}"


def plural(number: int, one: str, many: str = "") -> str:
    """A number and its word: "1 subtask", "1,204 subtasks"."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def ordinal(number: int) -> str:
    """ "1st", "2nd", "3rd", "4th", "11th"."""
    suffix = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number:,}{suffix}"


def place(number: int) -> str:
    """A place in a line: "next in line", "2nd in line"."""
    return "next in line" if number == 1 else f"{ordinal(number)} in line"


def size(number: int) -> str:
    """Bytes: "812 B", "4.2 KiB", "214 MiB"."""
    if number < 1024:
        return f"{number} B"
    power = min(3, (number.bit_length() - 1) // 10)
    amount = number / 1024**power
    unit = ("KiB", "MiB", "GiB")[power - 1]
    return f"{amount:.1f} {unit}" if amount < 9.95 else f"{amount:,.0f} {unit}"


def band(low: float | None, high: float | None, expected: float | None = None) -> str:
    """The range around an expectation, in its own unit: "2–3" minutes, "12–20" seconds; in seconds where what is
    expected is said in seconds. Empty when it is not known."""
    if low is None or high is None:
        return ""
    unit = 1 if (high if expected is None else expected) < MINUTE else MINUTE if high < 2 * HOUR else HOUR
    return f"{int(low // unit)}–{-int(-high // unit)}"


def done_in(expected: float | None, low: float | None = None, high: float | None = None) -> str:
    """When it is done: the median; "about" before it when the band is wide. What cannot be known says so."""
    if expected is None:
        return "too early to tell"
    if low is None or high is None or high - low <= expected / 2:
        return rough(expected)
    return f"about {rough(expected if expected < MINUTE else round(expected / MINUTE) * MINUTE)}"


def left(seconds: float, expected: float) -> str:
    """What remains of something under way, if it takes as long as expected; of the very short, how long that is."""
    whole = duration(expected) if expected < 1 else rough(expected)
    if seconds < -1:
        return f"longer than the expected {whole}"
    if expected < 1:
        return f"expected to take {whole}"
    return f"about to end, expected {whole}" if seconds < 0.5 else f"about {rough(seconds)} left of {whole}"


def on_axis(seconds: float) -> str:
    """A moment of a run, counted from its beginning: "0:20.4", "14:05.0", "1:02:30.5"."""
    tenths = round(max(0.0, seconds) * 10)
    hours, rest = divmod(tenths, HOUR * 10)
    minutes, tenths = divmod(rest, MINUTE * 10)
    tail = f"{tenths // 10:02d}.{tenths % 10}"
    return f"{hours}:{minutes:02d}:{tail}" if hours else f"{minutes}:{tail}"
