"""The advice about commands: what is let through where programs are named. The sandbox holds without it."""

import pytest

from runs.engine.policy import MOST_PARTS, refusal

PROGRAMS = ["git", "grep", "make", "sort"]


@pytest.mark.parametrize(
    "command",
    [
        "git status",
        "cd src && CC=clang make -j4 | sort > out; git diff",
        "env LC_ALL=C timeout 5 grep -r 'a; rm -rf /' . || true",
        " && ".join(["make"] * MOST_PARTS),
        "git log\ngit diff",
        "grep 'it''s' notes",
    ],
)
def test_named_programs_are_let_through_however_they_are_put_together(command: str) -> None:
    assert refusal(command, PROGRAMS) is None


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("rm -rf .", "'rm'"),
        ("git status; curl x", "'curl'"),
        ("git status & nc -l 1", "'nc'"),
        ("git log | sh", "'sh'"),
        ("(cd src; python3 x)", "'python3'"),
        ("env -i sudo cat x", "'cat'"),
        ("./git status", "'./git'"),
        ("/tmp/git status", "'/tmp/git'"),
        ("IFS=_; set -- rm_x; $*", "'$*'"),
        ("eval git status", "'eval'"),
        ("git $(rm x)", "commands within commands"),
        ('git "$(rm x)"', "commands within commands"),
        ("git `rm x`", "commands within commands"),
        ("sort <(rm x)", "commands within commands"),
        ("sort <<END\nrm x\nEND", "commands within commands"),
        ("g${x}it", "commands within commands"),
        ("$'\\x72m' x", "commands within commands"),
        ("git \\\n status", "commands within commands"),
        ("git 'status", "has no end"),
        ("; ".join(["make"] * (MOST_PARTS + 1)), "51 parts"),
    ],
)
def test_what_is_not_named_or_cannot_be_told_is_refused(command: str, why: str) -> None:
    assert why in (refusal(command, PROGRAMS) or "")


def test_where_none_is_named_all_are_let_through() -> None:
    assert refusal("rm -rf $(pwd) 'x", []) is None
