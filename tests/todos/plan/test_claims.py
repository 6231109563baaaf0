from fnmatch import fnmatchcase

import pytest
from hypothesis import given
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


def test_the_longest_globs_are_compared_without_delay() -> None:
    assert not overlap("**/a*" * 80, "**/*b" * 80 + "/c")
    assert not overlap("*a" * 249, "*b" * 249)


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
