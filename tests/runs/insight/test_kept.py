"""What runs gained is worked out once for many who look."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from pytest_django import DjangoAssertNumQueries

from runs.insight import kept
from runs.models import Run
from tests.scenes import Scene, scene

pytestmark = pytest.mark.django_db


class Steady:
    """A clock that stands still until it is moved; each look takes as long as is said."""

    def __init__(self, step: float) -> None:
        self.time, self.step = 0.0, step

    def __call__(self) -> float:
        self.time += self.step
        return self.time


@pytest.fixture
def there(ada: User) -> Scene:
    made = scene(ada, "ab", max_agents=2)
    made.start("a")
    made.later(10)
    return made


def test_of_a_run_that_has_ended_it_stays(there: Scene, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    there.start("b")
    there.complete("a", "b")
    first = kept.of(there.run, there.now)
    run = there.run
    with django_assert_num_queries(0):
        assert kept.of(run, there.now + timedelta(days=1)) is first
    assert first.at == there.now


def test_a_baseline_that_is_measured_later_makes_it_another(there: Scene) -> None:
    there.start("b")
    there.complete("a", "b")
    first = kept.of(there.run, there.now)
    Run.objects.update(baseline_seconds=30.0)
    assert kept.of(there.run, there.now) is not first


def test_of_a_run_under_way_it_is_worked_out_anew_but_not_all_the_time(there: Scene) -> None:
    clock = Steady(1.0)
    first = kept.of(there.run, there.now, None, clock)  # by this clock it takes a second
    there.complete("a")
    assert kept.of(there.run, there.now, None, clock) is first
    clock.time += 11
    again = kept.of(there.run, there.now, None, clock)
    assert again is not first
    assert again.found is not None
    assert again.found.overhead is not None


def test_of_a_part_of_the_past_it_is_kept_beside_the_whole(there: Scene) -> None:
    there.start("b")
    there.later(10)
    there.complete("a", "b")
    whole, part = kept.of(there.run, there.now), kept.of(there.run, there.now, 5.0)
    assert whole.found is not None and part.found is not None
    assert (whole.found.waterfall.wall_seconds, part.found.waterfall.wall_seconds) == (20, 5)
    assert (whole.found.overhead is None, part.found.overhead is None) == (False, True)
    assert kept.of(there.run, there.now, 5.0) is part
    assert kept.of(there.run, there.now) is whole
