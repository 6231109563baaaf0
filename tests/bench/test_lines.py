import pytest

from tests.bench.lines import NOISY, Line, Sample, Target, at_least, at_most, short, table


def line(value: float, *, other: float | None = None, target: Target | None = None, other_cpu: float = 0.0) -> Line:
    beside = Sample([other]) if other is not None else None
    return Line("m", "figure", "ms", Sample([value], other_cpu), "peer", beside, target)


@pytest.mark.parametrize(
    ("value", "verdict"), [(100, "stretch"), (99.9, "hard"), (40, "hard"), (39.9, "MISSED"), (0, "MISSED")]
)
def test_a_ratio_that_should_be_high_is_held_against_both_bounds(value: float, verdict: str) -> None:
    assert line(value, other=10, target=at_least(4, 10)).verdict == verdict


@pytest.mark.parametrize(("value", "verdict"), [(1.0, "stretch"), (1.01, "hard"), (1.15, "hard"), (1.16, "MISSED")])
def test_a_ratio_that_should_be_low_is_held_against_both_bounds(value: float, verdict: str) -> None:
    assert line(value, other=1, target=at_most(1.15, 1.0)).verdict == verdict


def test_a_figure_with_nothing_beside_it_is_held_against_its_own_bounds() -> None:
    assert line(30, target=at_most(100, 20)).verdict == "hard"


def test_a_figure_without_bounds_gets_no_verdict() -> None:
    assert line(30, other=10).verdict == "–"


def test_the_median_of_the_rounds_counts() -> None:
    assert Line("m", "figure", "ms", Sample([9, 1, 2])).value == 2


@pytest.mark.parametrize("disturbed", ["ours", "theirs"])
def test_a_disturbed_run_on_either_side_marks_the_line(disturbed: str) -> None:
    ours, theirs = (Sample([1], NOISY * 2 if disturbed == side else 0) for side in ("ours", "theirs"))
    found = Line("m", "figure", "ms", ours, "peer", theirs, at_most(2, 1))
    assert found.noisy
    assert table([found]).endswith("stretch ~")
    assert found.as_json()["noisy"] is True


def test_a_line_keeps_every_run_and_its_facts_as_json() -> None:
    found = Line("m", "figure", "ms", Sample([3, 1, 2], 0.1), "peer", Sample([4, 4]), at_most(2, 1), {"frames": 7})
    assert found.as_json() == {
        "measure": "m",
        "what": "figure",
        "unit": "ms",
        "value": 2,
        "runs": [3, 1, 2],
        "other_cpu": 0.1,
        "beside": "peer",
        "beside_value": 4,
        "ratio": 0.5,
        "beside_runs": [4, 4],
        "beside_other_cpu": 0.0,
        "hard": "≤ 2",
        "stretch": "≤ 1",
        "verdict": "stretch",
        "noisy": False,
        "frames": 7,
    }


def test_the_table_lines_its_columns_up() -> None:
    heads, ruler, *rows = table([line(1, other=2, target=at_most(2, 1)), line(12_345.6)]).splitlines()
    assert [row[: heads.index("figure")].strip() for row in rows] == ["m", "m"]
    assert rows[0].index("peer") == rows[1].index("peer") == heads.index("beside")
    assert set(ruler) == {"─", " "}


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0"), (12_345.6, "12,346"), (12.34, "12.3"), (2.0, "2"), (1.031, "1.03"), (0.2, "0.2"), (0.0123, "0.012")],
)
def test_numbers_are_shortened_to_what_can_be_told(number: float, text: str) -> None:
    assert short(number) == text
