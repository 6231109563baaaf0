from datetime import UTC, datetime, timedelta

from dashboard.words.sparkline import HEIGHT, MARGIN, POINTS, WIDTH, Sparkline

NOON = datetime(2026, 8, 14, 12, 0, tzinfo=UTC)


def line(*seconds: float, until: float = 60) -> Sparkline:
    return Sparkline.of([NOON + timedelta(seconds=at) for at in seconds], NOON + timedelta(seconds=until))


def heights(drawn: Sparkline) -> list[float]:
    return [float(point.split(",")[1]) for point in drawn.trace.split()]


def test_the_line_says_how_many_in_how_long() -> None:
    drawn = line(0, 1, 59)
    assert (drawn.number, drawn.seconds) == (3, 60.0)


def test_the_busiest_stretch_reaches_the_top_and_an_idle_one_the_floor() -> None:
    drawn = heights(line(0, 1, 30))
    assert len(drawn) == POINTS
    assert drawn[0] == MARGIN
    assert drawn[3] == HEIGHT - MARGIN
    assert drawn[6] == (MARGIN + HEIGHT - MARGIN) / 2


def test_the_last_point_is_marked_at_the_right_edge() -> None:
    drawn = line(0, 60)
    assert drawn.last_x == WIDTH - MARGIN
    assert drawn.trace.endswith(f"{drawn.last_x:.1f},{drawn.last_y:.1f}")


def test_all_at_once_is_a_line_too() -> None:
    drawn = line(5, 5, 5, until=5)
    assert (drawn.number, drawn.seconds) == (3, 1.0)
    assert heights(drawn)[0] == MARGIN
