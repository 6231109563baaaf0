import pytest
from hypothesis import given
from hypothesis import strategies as st

from runs.engine.phases import Opened, backward, opened

phased = st.lists(st.one_of(st.none(), st.integers(0, 3)), max_size=7)


@pytest.mark.parametrize(
    ("unended", "timed_out", "says"),
    [
        (False, False, Opened.RELEASED),
        (False, True, Opened.RELEASED),
        (True, True, Opened.TIMED_OUT),
        (True, False, None),
    ],
)
def test_a_barrier_opens_when_all_have_ended_or_its_time_is_over(
    unended: bool, timed_out: bool, says: Opened | None
) -> None:
    assert opened(unended=unended, timed_out=timed_out) is says


@pytest.mark.parametrize(
    ("needs", "phases", "pair"),
    [
        ({"a": [], "b": ["a"]}, {"a": 1, "b": 2}, None),
        ({"a": [], "b": ["a"]}, {"a": 1, "b": 1}, None),
        ({"a": [], "b": ["a"]}, {"a": 2, "b": 1}, ("b", "a")),
        ({"a": [], "b": ["a"]}, {"a": 1, "b": 0}, ("b", "a")),
        ({"a": [], "b": ["a"], "c": ["b"]}, {"a": 3, "b": None, "c": 2}, ("c", "a")),
        ({"a": [], "b": ["a"], "c": ["b"]}, {"a": None, "b": None, "c": 2}, None),
        ({"a": [], "b": [], "c": ["a", "b"]}, {"a": 1, "b": 3, "c": 2}, ("c", "b")),
    ],
)
def test_who_needs_a_later_phase_is_found_through_others_too(
    needs: dict[str, list[str]], phases: dict[str, int | None], pair: tuple[str, str] | None
) -> None:
    assert backward(needs, phases) == pair


@given(st.data(), phased)
def test_without_such_a_pair_phase_after_phase_comes_to_an_end(data: st.DataObject, phases: list[int | None]) -> None:
    needs = {
        at: data.draw(st.lists(st.sampled_from(range(at)), unique=True)) if at else [] for at in range(len(phases))
    }
    of = dict(enumerate(phases))
    done: set[int] = set()
    while True:
        left = [phase for node, phase in of.items() if phase is not None and node not in done]
        at = min(left, default=None)
        more = {
            node
            for node in needs
            if node not in done and set(needs[node]) <= done and (of[node] is None or of[node] == at)
        }
        if not more:
            break
        done |= more
    assert (backward(needs, of) is None) == (done == set(of))
