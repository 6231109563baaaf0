"""A run in a few words, as a small picture to put into a document."""

from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape

LETTER, PADDING, HEIGHT = 6.6, 10, 20
COLOURS = {"completed": "#1d7148", "failed": "#b3261e", "cancelled": "#63676e", "running": "#2b56c8"}
OTHER = "#855400"


def svg(progress: Mapping[str, Any]) -> str:
    """Its status, how much is done, and the speedup: measured where it was, estimated otherwise ("~")."""
    words = f"{progress['status']} · {progress['completed']} of {progress['total']}{_speedup(progress)}"
    left, right = (round(len(text) * LETTER + 2 * PADDING) for text in ("abreast", words))
    colour = COLOURS.get(progress["status"], OTHER)
    said = escape(words)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="{HEIGHT}" role="img" '
        f'aria-label="abreast: {said}"><title>abreast: {said}</title>'
        f'<rect width="{left + right}" height="{HEIGHT}" rx="4" fill="#3a3f47"/>'
        f'<path d="M{left} 0h{right - 4}a4 4 0 0 1 4 4v12a4 4 0 0 1-4 4H{left}z" fill="{colour}"/>'
        '<g fill="#ffffff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" text-anchor="middle">'
        f'<text x="{left / 2}" y="14" textLength="{left - 2 * PADDING}">abreast</text>'
        f'<text x="{left + right / 2}" y="14" textLength="{right - 2 * PADDING}">{said}</text></g></svg>\n'
    )


def _speedup(progress: Mapping[str, Any]) -> str:
    if progress["baseline_speedup"]:
        return f" · {progress['baseline_speedup']:.1f}x"
    return f" · ~{progress['speedup']:.1f}x" if progress["speedup"] else ""
