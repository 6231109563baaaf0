"""What a query means: its characters as they stand, within one line. Written without capitals it matches them, too.

Lines are looked for in bytes, from one occurrence to the next: that takes time in proportion to the text, whatever it
is made of. What has a NUL byte is no text, and has no lines.
"""

from collections.abc import Iterator

MAX_TEXT = 200  # characters of a line that are shown
_BEFORE = 60  # of them before what was found, in a longer line


class Needle:
    """A query, ready to be looked for. `exact`: capitals count, for the query has some."""

    def __init__(self, query: str) -> None:
        self.query = query
        self.exact = query != query.lower()
        self._ascii = query.isascii()
        self._bytes = query.encode()

    def fold(self, text: str) -> str:
        """A name as it is compared."""
        return text if self.exact else text.lower()

    def within(self, text: str) -> bool:
        return self.query in self.fold(text)

    def found_in(self, data: bytes) -> bool:
        """Whether any line has it."""
        return b"\0" not in data and self._bytes in self._folded(data)

    def lines(self, data: bytes) -> Iterator[tuple[int, str, bool]]:
        """Each line that has it: its number from 1, as much of it as is shown, and whether it is a word there."""
        if b"\0" in data:
            return
        folded, number, counted, at = self._folded(data), 1, 0, 0
        lines = None if self.exact or self._ascii else data.split(b"\n")  # folding may move what follows
        while (at := folded.find(self._bytes, at)) >= 0:
            number += folded.count(b"\n", counted, at)
            start, end = folded.rfind(b"\n", 0, at) + 1, folded.find(b"\n", at)
            end = len(folded) if end < 0 else end
            line = data[start:end] if lines is None else lines[number - 1]
            yield number, shown(line, at - start), self._is_word(folded[start:end], at - start)
            counted, at = at, end

    def _folded(self, data: bytes) -> bytes:
        if self.exact:
            return data
        return data.lower() if self._ascii else data.decode("utf-8", "replace").lower().encode()

    def _is_word(self, line: bytes, at: int) -> bool:
        around = line[max(0, at - 1) : at], line[at + len(self._bytes) :][:1]
        return not any(byte.isalnum() or byte == b"_" for byte in around)


def shown(line: bytes, at: int = 0) -> str:
    """A line as it is shown: without blanks around it, and the part around byte `at` when it is long."""
    if len(line) > 4 * MAX_TEXT:
        line = line[max(0, at - _BEFORE) :][: 4 * MAX_TEXT]
    text = line.decode("utf-8", "replace").strip()
    return text[:MAX_TEXT]
