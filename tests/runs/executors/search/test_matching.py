"""What a query means, and which lines have it."""

import time

import pytest

from runs.executors.search.matching import MAX_TEXT, Needle, shown


def numbers(query: str, data: bytes) -> list[int]:
    return [number for number, _, _ in Needle(query).lines(data)]


@pytest.mark.parametrize(
    ("query", "data", "found"),
    [
        ("b", b"a\nb\nB b\n\nc", [2, 3]),
        ("B", b"a\nb\nB b\n\nc", [3]),
        ("a.c", b"abc\na.c", [2]),
        ("(", b"f(\ng[", [1]),
        ("end", b"the end", [1]),
        ("x", b"x\r\ny\r\nx\r\n", [1, 3]),
        ("x", b"", []),
        ("straße", "Die STRASSE\nDie Straße\n".encode(), [2]),
        ("é", "É\né\ne\n".encode(), [1, 2]),
        ("É", "É\né\n".encode(), [1]),
        ("x", b"caf\xe9\nx\xff", [2]),
        ("é", b"caf\xe9 \n" + "é".encode(), [2]),
        ("x", b"x\0", []),
        ("q", "İİİ\nẞ\nq\n".encode(), [3]),
        ("ä", "İİİ\nẞ\nÄ\n".encode(), [3]),
    ],
)
def test_lines_are_found_by_number(query: str, data: bytes, found: list[int]) -> None:
    assert numbers(query, data) == found
    assert Needle(query).found_in(data) is bool(found)


def test_a_line_is_shown_without_blanks_around_it_and_told_apart_by_words() -> None:
    assert list(Needle("cat").lines(b"  concatenate\r\n\ta cat!\n")) == [
        (1, "concatenate", False),
        (2, "a cat!", True),
    ]


def test_what_is_shown_is_the_line_itself_though_capitals_have_other_lengths() -> None:
    assert [text for _, text, _ in Needle("ä").lines("İİİ\nẞ\nÄ ok\n".encode())] == ["Ä ok"]


def test_of_a_long_line_the_part_with_the_query_is_shown() -> None:
    line = b"x" * 100_000 + b"needle" + b"y" * 100_000
    [(_, text, _)] = Needle("needle").lines(line)
    assert "needle" in text
    assert len(text) <= MAX_TEXT


def test_what_is_shown_is_text_whatever_it_was() -> None:
    assert shown(b"\xff\xfe ok") == "�� ok"
    assert len(shown("ä".encode() * 5_000, 7)) <= MAX_TEXT


@pytest.mark.parametrize(
    ("query", "data"),
    [
        ("a" * 2_000 + "b", b"a" * 4_000_000),
        ("b" + "a" * 2_000, b"a" * 4_000_000),
        ("ab" * 1_000 + "c", b"ab" * 2_000_000),
        ("(a+)+$", b"a" * 4_000_000 + b"!"),
        ("ä" * 1_000 + "x", "ä".encode() * 1_000_000),
    ],
)
def test_it_takes_time_in_proportion_to_the_text_whatever_it_is_made_of(query: str, data: bytes) -> None:
    begun = time.process_time()
    assert numbers(query, data) == []
    assert time.process_time() - begun < 2.0
