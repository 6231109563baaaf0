"""Definitions by Universal Ctags: the real one where it is installed, and programs that only call themselves so."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from runs.executors.search import names, tags
from runs.executors.search.index import store

INSTALLED = pytest.mark.skipif(tags.program() is None, reason="Universal Ctags is not installed")
RUST = b"impl Loader {\n    fn load(&self) {}\n}\n"
FEATURES = "#NAME DESCRIPTION\ninteractive x\njson x\nsandbox x\n"


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Path]]:
    """Puts a program of the name `ctags` before all others, which says of itself that it can what is needed."""

    def put(script: str, features: str = FEATURES) -> Path:
        made = tmp_path / "ctags"
        made.write_text(f'#!/bin/sh\nif [ "$1" = --list-features ]; then printf "{features}"; exit; fi\n{script}\n')
        made.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
        tags.program.cache_clear()
        return made

    yield put
    monkeypatch.undo()
    tags.program.cache_clear()


def found(path: str, source: bytes, seconds: float = 5.0) -> list[tuple[str, int]]:
    with tags.Tags(seconds) as asked:
        return [(one.name, one.line) for one in names.definitions(path, source, asked)]


@INSTALLED
@pytest.mark.parametrize(
    ("path", "source", "defined"),
    [
        ("a.rs", RUST, ("Loader.load", 2)),
        ("a.cpp", b"namespace n { class A {\n  void f(); }; }\nvoid n::A::f() {\n}\n", ("n.A.f", 3)),
        ("a.ts", b"export class Loader {\n  load(): void {}\n}\n", ("Loader.load", 2)),
        ("a.go", b"package p\nfunc (s *Server) Serve() {\n}\n", ("p.Server.Serve", 2)),
        ("a.c", b"struct s {\n  int member;\n};\n", ("s.member", 2)),
        ("a.java", b"class A {\n  int count;\n}\n", ("A.count", 2)),
        ("a.pl", b"package X;\nsub load { }\n", ("load", 2)),
        ("a.ex", b"defmodule Shop do\n  def pay(x), do: x\nend\n", ("Shop.pay", 2)),
    ],
)
def test_members_are_known_by_their_whole_names(path: str, source: bytes, defined: tuple[str, int]) -> None:
    assert defined in found(path, source)


@INSTALLED
def test_what_it_knows_nothing_of_is_read_by_its_lines() -> None:
    assert found("a.swift", b"func load() {}\n") == [("load", 1)]
    assert found("a.rs", b"fn load() {}\0") == []


@INSTALLED
def test_many_texts_go_to_one_process_and_none_of_them_is_opened(tmp_path: Path) -> None:
    """What stands under that path is not what is looked at."""
    (tmp_path / "a.rs").write_text("fn other() {}")
    with tags.Tags() as asked:
        first = asked.definitions(str(tmp_path / "a.rs"), RUST)
        process = asked._process
        large = b"".join(b"fn f%d() {}\n" % number for number in range(20_000))
        assert len(asked.definitions("b.rs", large)) == 20_000
        assert asked._process is process
    assert [one.name for one in first] == ["Loader", "Loader.load"]
    assert first[1].text == "fn load(&self) {}"
    assert process is not None
    assert process.returncode is not None


@pytest.mark.parametrize(
    "script",
    [
        "exit 1",
        "echo no JSON; cat",
        "echo '[]'; cat >/dev/null",
        """echo '{"_type": "error", "message": "no"}'; cat""",
        """echo '{"_type": "tag"}'; echo '{"_type": "completed"}'; cat""",
        """while :; do echo '{"_type": "tag", "name": "x", "line": 1}'; done""",
    ],
)
def test_one_that_answers_wrongly_leaves_it_to_the_lines(program: Callable[[str], Path], script: str) -> None:
    program(script)
    assert found("a.rs", b"fn load() {}\n") == [("load", 1)]


def test_one_that_hangs_is_given_up_after_three_times(program: Callable[[str], Path]) -> None:
    program("sleep 60")
    began = time.monotonic()
    with tags.Tags(0.05) as asked:
        for _ in range(20):
            assert asked.definitions("a.rs", RUST) == []
    assert time.monotonic() - began < 10


def test_another_ctags_is_not_asked(program: Callable[..., Path]) -> None:
    program("exit 1", features="#NAME\n")
    assert tags.program() is None
    assert found("a.rs", b"fn load() {}\n") == [("load", 1)]


def test_an_index_from_before_it_came_is_made_anew(program: Callable[..., Path]) -> None:
    program("exit 1")
    there = store.version()
    program("exit 1", features="")
    assert store.version() != there
