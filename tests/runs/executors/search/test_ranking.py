"""Several rankings become one."""

import pytest

from runs.executors.search import ranking
from runs.executors.search.matching import Needle
from runs.executors.search.ranking import Hit


def order(found: dict[str, list[Hit]], query: str = "q") -> list[tuple[str, int | None]]:
    return [(match["path"], match["line"]) for match in ranking.fused(found, Needle(query))]


def test_places_count_and_what_several_found_adds_up() -> None:
    both, first, second = Hit("b", 1, ""), Hit("a", 1, ""), Hit("c", 1, "")
    found = {"imports": [first, both], "content": [second, both]}
    assert order(found) == [("b", 1), ("a", 1), ("c", 1)]
    scores = [match["score"] for match in ranking.fused(found, Needle("q"))]
    assert scores == [pytest.approx(score, abs=1e-6) for score in (2 / 62, 1 / 61, 1 / 61)]


def test_a_line_is_there_once_under_what_says_most_of_it() -> None:
    line = Hit("a", 3, "class q")
    [match] = ranking.fused({"content": [line], "symbols": [line]}, Needle("q"))
    assert (match["strategy"], match["line"], match["text"]) == ("symbols", 3, "class q")


def test_definitions_go_first_and_those_of_just_that_name_before_them() -> None:
    found = {
        "content": [Hit("a", 1, "")],
        "symbols": [Hit("b", 1, ""), Hit("c", 1, "", exact=True)],
        "imports": [Hit("d", 1, "")],
    }
    assert order(found) == [("c", 1), ("b", 1), ("a", 1), ("d", 1)]


def test_a_file_with_the_query_in_its_path_goes_before_another() -> None:
    assert order({"content": [Hit("x", 1, ""), Hit("q/y", 1, "")]}) == [("q/y", 1), ("x", 1)]


def test_files_are_there_once_those_of_the_best_matches_first() -> None:
    matches = ranking.fused({"content": [Hit("z", 1, ""), Hit("a", 1, "")]}, Needle("q"))
    assert ranking.files({"content": ["a", "m", "z"], "files": ["b", "a"]}, matches) == ["z", "a", "b", "m"]
