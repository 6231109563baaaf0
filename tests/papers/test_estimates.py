"""When the worked examples are over, as their pages would say it on the way: by a clock of their own."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from runs.estimating import answers, record
from runs.estimating.live import Estimator
from tests.factories import Api
from tests.papers.playing import Json, Theatre, decomposed
from tests.papers.test_worked_examples import FOUR_FILES, THREE_PHASES, features


@pytest.fixture
def played(
    api: Api, theatre: Theatre, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., record.Record | None]]:
    """Plays a todo while the estimator has its turn each second; what came of it."""
    clock = theatre.clock
    estimator = Estimator(lambda run: answers.answer(run, clock()), clock, lambda: clock().timestamp())
    pass_time = theatre.pass_time

    def second_by_second(seconds: float) -> None:
        for _ in range(round(seconds)):
            pass_time(1.0)
            estimator.turn()

    def play(todo: Json, **options: Any) -> record.Record | None:
        return record.record([int(theatre.play(api, todo, **options).id)])

    monkeypatch.setattr(theatre, "pass_time", second_by_second)
    yield play


EXAMPLES: list[Any] = [
    pytest.param(FOUR_FILES, 4, id="four files"),
    pytest.param(("features", features(30, 40, 30, qa=10)), 3, id="features, checked"),
    pytest.param(THREE_PHASES, 4, id="phases"),
]


@pytest.mark.parametrize(("split", "agents"), EXAMPLES)
def test_what_is_said_of_a_worked_example_is_honest_and_better_the_second_time(
    api: Api, played: Callable[..., record.Record | None], split: tuple[str, Json], agents: int
) -> None:
    todo = decomposed(api, split[0], **split[1])
    first, second = (played(todo, max_agents=agents) for _ in range(2))
    # What a person thinks of work of which nothing has ended may be too little to tell anything.
    assert first is None or (first.error_percent <= 10 and first.coverage_percent == 100)
    assert second is not None
    assert second.error_percent <= 3 and second.coverage_percent >= 75
