"""Claims that stand in each other's way."""

from fnmatch import fnmatchcase
from itertools import product

import pytest

from todos.plan import conflicts
from todos.plan.claims import Claim, overlap
from todos.plan.conflicts import TooMany, Units
from todos.plan.waves import apart, waves

MUCH = 100


def capacity(kind: str, name: str) -> int:
    return MUCH


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        ("a.py", "a.py", True),
        ("a.py", "b.py", False),
        ("./src//a.py", "src/a.py", True),
        ("src", "src/api/a.py", True),
        ("src/", "src", True),
        ("src", "srcs/a.py", False),
        ("src/a.py", "src/a.py/b", True),
        ("src", "src/**/a.py", True),
        ("src/a.md", "**/*.py", False),
        ("src/api/**", "src/api/users.py", True),
        ("src/api/**", "src/web/users.py", False),
        ("src/**/test.py", "src/test.py", True),
        ("src/**/test.py", "src/a/b/test.py", True),
        ("src/**/test.py", "src/a/b/main.py", False),
        ("*.py", "src/a.py", False),
        ("**/*.py", "src/a.py", True),
        ("*.py", "*.md", False),
        ("a*", "*b", True),
        ("a?c", "abc", True),
        ("a?c", "ac", False),
        ("a[bx]c", "abc", True),
        ("a[", "a[", True),
        ("**", "anything/at/all", True),
        ("src/*/a", "src/b/*", True),
        ("src/*/a", "src/b/c", False),
        ("/etc/a", "etc/a", False),
        ("a/../b", "b", True),
    ],
)
def test_names_overlap_where_a_path_can_match_both(one: str, other: str, both: bool) -> None:
    assert (overlap(one, other), overlap(other, one)) == (both, both)


def test_names_overlap_wherever_some_path_of_a_few_letters_matches_both() -> None:
    """Against matching itself, over all short names of one part."""
    letters = ["".join(chosen) for size in (1, 2, 3) for chosen in product("ab", repeat=size)]
    globs = ["".join(chosen) for size in (1, 2, 3) for chosen in product("ab*?", repeat=size)]
    wild = [glob for glob in globs if "**" not in glob and ("*" in glob or "?" in glob)]
    for one, other in product(wild, repeat=2):
        matched = any(fnmatchcase(path, one) and fnmatchcase(path, other) for path in letters)
        assert not matched or overlap(one, other), (one, other)
        if "*" not in one + other:
            assert matched == overlap(one, other), (one, other)


def write(*names: str) -> list[Claim]:
    return [Claim("file", name) for name in names]


def read(*names: str) -> list[Claim]:
    return [Claim("file", name, "read") for name in names]


def test_two_that_only_read_do_not_conflict() -> None:
    assert conflicts.between({"a": read("src/**"), "b": read("src/a.py")}, capacity) == []


def test_a_writer_conflicts_with_all_that_overlap_it_and_each_pair_is_told_once() -> None:
    found = conflicts.between({"a": write("src/**"), "b": write("src/a.py"), "c": read("src/a.py")}, capacity)
    assert [(one.name, one.keys, one.writers) for one in found] == [
        ("src/**", ["a", "b", "c"], ["a"]),
        ("src/a.py", ["b", "c"], ["b"]),
    ]


def test_claims_of_one_subtask_do_not_conflict_with_each_other() -> None:
    assert conflicts.between({"a": write("src/**", "src/a.py")}, capacity) == []


def amount(of: int, kind: str = "database") -> list[Claim]:
    return [Claim(kind, "main", amount=of)]


def test_amounts_conflict_when_two_of_them_exceed_what_there_is() -> None:
    assert conflicts.between({"a": amount(50), "b": amount(50)}, capacity) == []
    [found] = conflicts.between({"a": amount(60), "b": amount(50), "c": amount(10)}, capacity)
    assert (found.kind, found.keys) == ("database", ["a", "b"])


def test_many_small_amounts_share_what_there_is() -> None:
    [unit] = conflicts.units({"a": amount(50), "b": amount(30), "c": amount(30)}, capacity)
    assert (unit.capacity, unit.held) == (100, {"a": 50, "b": 30, "c": 30})
    assert conflicts.units({"a": amount(50), "b": amount(50)}, capacity) == []


def test_what_claims_more_than_there_is_gets_all_of_it() -> None:
    [unit] = conflicts.units({"a": amount(500), "b": amount(1)}, capacity)
    assert unit.held == {"a": 100, "b": 1}


def test_calls_of_an_api_never_conflict_and_are_counted() -> None:
    asked = {"a": amount(5_000, "api"), "b": [*amount(1, "api"), *amount(2, "api")]}
    assert (conflicts.between(asked, capacity), conflicts.units(asked, capacity)) == ([], [])
    assert conflicts.calls(asked) == {"main": {"a": 5_000, "b": 3}}


def test_a_writer_takes_all_of_a_file_and_readers_share_it() -> None:
    [unit] = conflicts.units({"a": write("f"), "b": read("f"), "c": read("f")}, capacity)
    assert unit == Units("file", "f", 3, {"a": 3, "b": 1, "c": 1})


def test_only_names_that_begin_alike_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conflicts, "MAX_COMPARED", 5_000)
    apart = {str(at): write(f"src/{at}.py") for at in range(200)}
    assert conflicts.units(apart, capacity) == []
    with pytest.raises(TooMany, match="too many pairs"):
        conflicts.units({str(at): write(f"**/*{at}.py") for at in range(200)}, capacity)


def test_long_names_count_for_more() -> None:
    """These would take minutes."""
    with pytest.raises(TooMany):
        conflicts.units({str(at): write(f"{'*a' * 240}{at}*") for at in range(200)}, capacity)


def test_claims_that_overlap_in_too_many_ways_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conflicts, "MAX_HELD", 50)
    claims = {str(at): write("f") for at in range(50)}
    assert len(conflicts.units(claims, capacity)) == 1
    with pytest.raises(TooMany, match="more than 50 ways"):
        conflicts.units(claims | {"more": write("f")}, capacity)


# ---- waves ----

NEEDS: dict[str, list[str]] = {"a": [], "b": [], "c": [], "d": ["a"]}


def test_waves_keep_conflicting_subtasks_apart() -> None:
    assert waves(NEEDS) == [["a", "b", "c"], ["d"]]
    assert waves(NEEDS, [Units("file", "f", 2, {"a": 2, "b": 2})]) == [["a", "c"], ["b", "d"]]
    assert waves(NEEDS, [Units("database", "", 2, dict.fromkeys("abc", 1))]) == [["a", "b"], ["c", "d"]]


def test_what_must_be_alone_has_a_wave_of_its_own() -> None:
    assert waves(NEEDS, apart(NEEDS, ["b"])) == [["a", "c"], ["b"], ["d"]]
