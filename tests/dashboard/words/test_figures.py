from datetime import UTC, date, datetime

import pytest

from dashboard.words import figures


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, "–"),
        (0, "0 s"),
        (-3, "0 s"),
        (0.0001, "<1 ms"),
        (0.004, "4 ms"),
        (0.0994, "99 ms"),
        (0.0996, "0.1 s"),
        (0.8, "0.8 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (14.2, "14 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (60, "1 min"),
        (128.6, "2 min 9 s"),
        (881, "14 min 41 s"),
        (1199, "19 min 59 s"),
        (1200, "20 min"),
        (2280, "38 min"),
        (3569, "59 min"),
        (3599, "1 h"),
        (11100, "3 h 5 min"),
        (86340, "23 h 59 min"),
        (86400, "1 d"),
        (187200, "2 d 4 h"),
    ],
)
def test_a_duration_is_said_as_people_say_it(seconds: float | None, words: str) -> None:
    assert figures.duration(seconds) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, "–"),
        (0.05, "50 ms"),
        (1.4, "1.4 s"),
        (16.8, "16.8 s"),
        (59.94, "59.9 s"),
        (59.96, "1 min"),
        (75, "1 min 15 s"),
    ],
)
def test_a_duration_in_a_table_has_one_decimal_below_a_minute(seconds: float | None, words: str) -> None:
    assert figures.precise(seconds) == words


@pytest.mark.parametrize(
    ("seconds", "words"), [(None, "–"), (0.2, "<1 s"), (2.4, "~2 s"), (14.2, "~14 s"), (129, "~2 min 9 s")]
)
def test_an_expected_duration_carries_a_tilde(seconds: float | None, words: str) -> None:
    assert figures.about(seconds) == words


@pytest.mark.parametrize(("seconds", "words"), [(0.2, "1 s"), (7.6, "8 s"), (129, "2 min 9 s")])
def test_a_rough_duration_has_whole_seconds(seconds: float, words: str) -> None:
    assert figures.rough(seconds) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, "–"),
        (-1, "0 s ago"),
        (0.3, "0 s ago"),
        (59.9, "59 s ago"),
        (60, "1 min ago"),
        (3599, "59 min ago"),
        (10900, "3 h ago"),
        (86400, "yesterday"),
        (172800, "2 days ago"),
    ],
)
def test_how_long_ago_counts_whole_units_that_have_passed(seconds: float | None, words: str) -> None:
    assert figures.ago(seconds) == words


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        (datetime(2026, 8, 14, 14, 2, tzinfo=UTC), "14:02"),
        (datetime(2026, 8, 3, 9, 5, tzinfo=UTC), "3 Aug 09:05"),
        (datetime(2025, 12, 31, 9, 5, tzinfo=UTC), "31 Dec 2025"),
    ],
)
def test_a_clock_time_names_the_day_unless_it_is_today(moment: datetime, words: str) -> None:
    assert figures.clock(moment, date(2026, 8, 14)) == words


def test_an_exact_time_is_utc_to_the_millisecond() -> None:
    assert figures.exact(datetime(2026, 8, 14, 14, 2, 11, 4567, tzinfo=UTC)) == "2026-08-14 14:02:11.004 UTC"


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (None, "–"),
        (0, "0 %"),
        (0.001, "<1 %"),
        (0.441, "44 %"),
        (0.996, "99 %"),
        (0.9999, "99 %"),
        (1, "100 %"),
        (1.2, "120 %"),
    ],
)
def test_a_share_is_neither_nothing_nor_all_unless_it_is(share: float | None, words: str) -> None:
    assert figures.percent(share) == words


@pytest.mark.parametrize(
    ("ratio", "words"),
    [(None, "–"), (0.004, "<0.1x"), (0.06, "0.1x"), (0.96, "1.0x"), (3.64, "3.6x"), (9.96, "10x"), (1234, "1,234x")],
)
def test_a_speedup_has_one_decimal_below_ten(ratio: float | None, words: str) -> None:
    assert figures.times(ratio) == words


@pytest.mark.parametrize(
    ("seconds", "expected", "words"),
    [
        (8, 14, "about 8 s left of 14 s"),
        (0.2, 14, "about to end, expected 14 s"),
        (-2, 14, "longer than the expected 14 s"),
        (0.03, 0.05, "expected to take 50 ms"),
        (-0.5, 0.05, "expected to take 50 ms"),
        (-2, 0.05, "longer than the expected 50 ms"),
    ],
)
def test_what_remains_is_said_as_far_as_it_can_be_seen(seconds: float, expected: float, words: str) -> None:
    assert figures.left(seconds, expected) == words


@pytest.mark.parametrize(("number", "words"), [(None, "–"), (0, "0"), (1204, "1,204")])
def test_a_count_groups_its_thousands(number: int | None, words: str) -> None:
    assert figures.count(number) == words


def test_a_number_agrees_with_its_word() -> None:
    assert [figures.plural(number, "subtask") for number in (0, 1, 1204)] == [
        "0 subtasks",
        "1 subtask",
        "1,204 subtasks",
    ]
    assert figures.plural(2, "try", "tries") == "2 tries"


@pytest.mark.parametrize(
    ("number", "word"),
    [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (12, "12th"), (21, "21st"), (112, "112th")],
)
def test_an_ordinal_has_the_ending_it_is_read_with(number: int, word: str) -> None:
    assert figures.ordinal(number) == word


def test_the_first_place_in_line_is_next() -> None:
    assert (figures.place(1), figures.place(2)) == ("next in line", "2nd in line")


@pytest.mark.parametrize(
    ("number", "words"),
    [(0, "0 B"), (812, "812 B"), (4301, "4.2 KiB"), (10240, "10 KiB"), (224395264, "214 MiB"), (2**41, "2,048 GiB")],
)
def test_a_size_is_said_in_binary_units(number: int, words: str) -> None:
    assert figures.size(number) == words


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [(None, 3, ""), (2, None, ""), (12.4, 19.2, "12–20"), (112, 171, "1–3"), (130, 170, "2–3"), (3600, 9000, "1–3")],
)
def test_a_band_holds_what_it_covers_in_whole_units(low: float | None, high: float | None, words: str) -> None:
    assert figures.band(low, high) == words


def test_a_band_around_seconds_is_in_seconds_however_far_it_goes() -> None:
    assert (figures.band(30.5, 92, 50), figures.band(50, 92, 61)) == ("30–92", "0–2")


@pytest.mark.parametrize(
    ("expected", "low", "high", "words"),
    [
        (None, None, None, "too early to tell"),
        (128.6, 112, 171, "2 min 9 s"),
        (128.6, None, None, "2 min 9 s"),
        (170, 120, 300, "about 3 min"),
        (20, 5, 40, "about 20 s"),
    ],
)
def test_when_it_is_done_is_as_exact_as_it_is_known(
    expected: float | None, low: float | None, high: float | None, words: str
) -> None:
    assert figures.done_in(expected, low, high) == words
