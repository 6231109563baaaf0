import re
import time
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from todos.plan.claims import Claim, clash, overlap

OVERLAPPING = [
    ("src/app.py", "src/app.py"),
    ("src/api/**", "src/api/users.py"),
    ("src/api/**", "src/api"),
    ("src/**", "**/users.py"),
    ("src/*.py", "src/app.*"),
    ("src/*/models.py", "src/api/*"),
    ("**", "anything/at/all"),
    ("src/a?c", "src/abc"),
    ("src/[ab].py", "src/b.py"),
    ("src", "src/api/users.py"),
    ("src/", "src/*.py"),
    (".", "src/app.py"),
    ("./src/app.py", "src//x/../app.py"),
    ("src/**/test_*.py", "src/test_app.py"),
    ("a*b*c", "a*c"),
    ("/etc/**", "/etc/hosts"),
    ("a**b", "axxb"),
]
APART = [
    ("src/app.py", "src/app.pyc"),
    ("src/api/**", "src/apis/users.py"),
    ("src/*.py", "src/api/users.py"),
    ("src/*", "src/api/users.py"),
    ("src/*.py", "src/*.js"),
    ("src/a?c", "src/ac"),
    ("src/**/a.py", "src/b.py"),
    ("src", "docs"),
    ("src/app.py", "src/**/*.md"),
    ("**/*.md", "src/**/*.py"),
    ("/etc/hosts", "etc/hosts"),
    ("ab*", "a"),
]


@pytest.mark.parametrize(("one", "other"), OVERLAPPING)
def test_these_mean_a_file_together(one: str, other: str) -> None:
    assert overlap(one, other)
    assert overlap(other, one)


@pytest.mark.parametrize(("one", "other"), APART)
def test_these_mean_no_file_together(one: str, other: str) -> None:
    assert not overlap(one, other)
    assert not overlap(other, one)


@given(st.text("ab*?", min_size=1, max_size=6), st.text("ab*?", min_size=1, max_size=6), st.text("ab", max_size=7))
def test_what_fits_two_globs_makes_them_overlap(one: str, other: str, name: str) -> None:
    one, other = one.replace("**", "*"), other.replace("**", "*")
    if name and fnmatchcase(name, one) and fnmatchcase(name, other):
        assert overlap(f"src/{one}", f"src/{other}")


def meet(one: Sequence[str], other: Sequence[str], star: str, same: Callable[[str, str], bool]) -> bool:
    """As globs are defined: a star takes nothing, or one more item of the other."""
    if star in one[:1]:
        return meet(one[1:], other, star, same) or (bool(other) and meet(one, other[1:], star, same))
    if star in other[:1]:
        return meet(other, one, star, lambda a, b: same(b, a))
    if not one or not other:
        return not one and not other
    return same(one[0], other[0]) and meet(one[1:], other[1:], star, same)


def parts_meet(one: str, other: str) -> bool:
    return meet(one, other, "*", lambda a, b: a == b or "?" in (a, b))


NAMES = st.text("ab*?", min_size=1, max_size=6).map(lambda text: re.sub(r"\*+", "*", text))
PATHS = st.lists(st.sampled_from(["a", "b", "c", "a*", "*b", "?", "*", "**"]), min_size=1, max_size=6)


@settings(max_examples=1_000)
@given(NAMES, NAMES)
def test_names_overlap_just_as_globs_are_defined(one: str, other: str) -> None:
    assert overlap(one, other) is parts_meet(one, other)


@settings(max_examples=1_000)
@given(PATHS, PATHS)
def test_paths_overlap_just_as_globs_are_defined(one: list[str], other: list[str]) -> None:
    begin = ["z*", *one], ["z*", *other]  # so that neither is a plain folder
    assert overlap("/".join(begin[0]), "/".join(begin[1])) is meet(*begin, "**", parts_meet)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("**/a*" * 80, "**/*b" * 80 + "/c"),
        ("*a" * 249, "*b" * 249),
        ("*" + "a" * 248 + "b*", "?" + "a" * 498),
        ("*" + "?" * 120 + "b" + "a" * 120 + "*", "?" + "a" * 498),
        ("**/" + "a*/" * 80 + "b*/**", "a*/" * 165 + "a*"),
    ],
)
def test_the_longest_globs_are_compared_without_delay(one: str, other: str) -> None:
    def seconds() -> float:
        began = time.process_time()
        assert not overlap(one, other)
        return time.process_time() - began

    assert min(seconds() for _ in range(5)) < 0.005, "in one of them nothing else was done, as collecting garbage"


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (Claim("file", "src/**"), Claim("file", "src/a.py"), True),
        (Claim("file", "src/**", "read"), Claim("file", "src/a.py"), True),
        (Claim("file", "src/**", "read"), Claim("file", "src/a.py", "read"), False),
        (Claim("file", "src/a.py"), Claim("file", "src/b.py"), False),
        (Claim("api", "forge"), Claim("api", "forge"), False),
        (Claim("database", "main"), Claim("database", "main"), False),
    ],
)
def test_files_clash_where_they_overlap_and_one_writes(one: Claim, other: Claim, expected: bool) -> None:
    assert clash(one, other) is expected
    assert clash(other, one) is expected
