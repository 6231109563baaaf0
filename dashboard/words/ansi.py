"""What programs print, as harmless HTML: colours as classes, redrawn lines folded, hidden characters shown.

Pure. Output is hostile until proven otherwise: of all escape sequences only colours and weights (SGR) are understood,
every other is dropped whole, and what would change the reading order or be invisible is spelled out.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

_SEQUENCE = re.compile(
    r"""
    (?:\x1b\[|\x9b) (?P<parameters>[0-?]*) [\ -/]* (?P<final>[@-~])  # CSI: colours, and moving about
  | (?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])                        # OSC, DCS, SOS, PM, APC: links, titles,
    [^\x07\x1b\x9c]* (?:\x07|\x1b\\|\x9c|$)                         # up to where they end
  | (?:\x1b\[|\x9b) [0-?]* [\ -/]* $                                 # one that was cut off
  | \x1b [\ -/]* [0-~]?                                              # any other
    """,
    re.VERBOSE,
)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
# Bidirectional marks, zero-width and other invisible characters, tags, odd line ends.
_HIDDEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164"
    "\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
_TEXT = re.compile(r"<textarea\b.*?</textarea>|<[^>]*>|(?P<text>[^<]+)", re.DOTALL)

_COLOURS = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")


@dataclass(frozen=True, slots=True)
class Style:
    """How text looks from here on."""

    colour: str = ""
    bold: bool = False
    dim: bool = False
    italic: bool = False
    underline: bool = False

    @property
    def classes(self) -> str:
        names = ("bold", "dim", "italic", "underline")
        return " ".join(filter(None, [self.colour, *(name for name in names if getattr(self, name))]))


_PLAIN = Style()


def visible(text: str) -> str:
    """The same text with what is hidden in it spelled out, as "⟨U+202E⟩", and control characters dropped."""
    return _HIDDEN.sub(_spelled, _CONTROL.sub("", text))


def _spelled(match: re.Match[str]) -> str:
    return f"⟨U+{ord(match[0]):04X}⟩"


def plain(text: str) -> str:
    """The text without any escape sequence, for one line of a message."""
    return visible(_SEQUENCE.sub("", text))


def spelled_out(page: str) -> str:
    """A finished page of HTML, its texts as by `visible`. What is in tags and text areas stays: it may be sent back."""
    return _TEXT.sub(lambda match: visible(match["text"]) if match["text"] else match[0], page)


def to_html(text: str) -> SafeString:
    """Lines of output as HTML. A line that was redrawn in place is shown as it was last."""
    style = _PLAIN
    lines: list[SafeString] = []
    for line in text.replace("\r\n", "\n").split("\n"):
        drawn = [part for part in line.split("\r") if part]
        for hidden in drawn[:-1]:
            style = _last_style(hidden, style)
        shown, style = _line(drawn[-1] if drawn else "", style)
        folded = len(drawn) - 1
        lines.append(format_html("{}{}", _folded(folded), shown) if folded > 0 else shown)
    return mark_safe("\n".join(lines))  # noqa: S308  (each line was escaped)


def _folded(count: int) -> SafeString:
    words = "1 earlier state of this line" if count == 1 else f"{count:,} earlier states of this line"
    return format_html('<span class="folded" title="{}">↻{} </span>', words, f"{count:,}")


def _line(line: str, style: Style) -> tuple[SafeString, Style]:
    pieces = []
    for text, after in _runs(line, style):
        if text:
            pieces.append(_piece(text, style))
        style = after
    return mark_safe("".join(pieces)), style  # noqa: S308  (each piece was escaped)


def _runs(line: str, style: Style) -> Iterator[tuple[str, Style]]:
    """Stretches of text between escape sequences, each with the style that holds after it."""
    at = 0
    for match in _SEQUENCE.finditer(line):
        before = line[at : match.start()]
        if match["final"] == "m":
            style = _apply(match["parameters"], style)
        yield before, style
        at = match.end()
    yield line[at:], style


def _last_style(line: str, style: Style) -> Style:
    for _, after in _runs(line, style):
        style = after
    return style


def _piece(text: str, style: Style) -> str:
    shown = str(_HIDDEN.sub(_marked, escape(_CONTROL.sub("", text))))
    return f'<span class="{style.classes}">{shown}</span>' if style.classes else shown


def _marked(match: re.Match[str]) -> str:
    return f'<span class="hidden-character">{_spelled(match)}</span>'


def _apply(parameters: str, style: Style) -> Style:
    """Select Graphic Rendition: what is not on the list changes nothing."""
    codes = [int(code) if code.isascii() and code.isdigit() else 0 for code in re.split("[;:]", parameters[:64])]
    while codes:
        code = codes.pop(0)
        if code in (38, 48, 58):  # a colour of many: its numbers are used up, whatever they are
            kind = codes.pop(0) if codes else 0
            numbers = [codes.pop(0) for _ in range(min(len(codes), {5: 1, 2: 3}.get(kind, 0)))]
            if code == 38 and kind == 5 and numbers and numbers[0] < 16:
                style = replace(style, colour=_COLOURS[numbers[0] % 8])
        else:
            style = _simple(code, style)
    return style


def _simple(code: int, style: Style) -> Style:
    if code == 0:
        return _PLAIN
    if 30 <= code <= 37 or 90 <= code <= 97:
        return replace(style, colour=_COLOURS[code % 10])
    return replace(style, **_SIMPLE.get(code, {}))


_SIMPLE: dict[int, dict[str, Any]] = {
    1: {"bold": True},
    2: {"dim": True},
    3: {"italic": True},
    4: {"underline": True},
    22: {"bold": False, "dim": False},
    23: {"italic": False},
    24: {"underline": False},
    39: {"colour": ""},
}
