"""Definitions and imports of source files."""

import time

import pytest

from runs.executors.search import names
from runs.executors.search.matching import Needle

PYTHON = b"""import os, a.b as c
from . import sibling
from ..up import (
    one,
    two,
)


class Loader:
    def load(self):
        import lazily


async def run(): pass
"""


def test_python_is_parsed() -> None:
    found = names.definitions("p/q/m.py", PYTHON)
    assert {(one.name, one.line, one.text) for one in found} == {
        ("Loader", 9, "class Loader:"),
        ("Loader.load", 10, "def load(self):"),
        ("run", 14, "async def run(): pass"),
    }
    assert {(one.name, one.line) for one in names.imports("p/q/m.py", PYTHON)} == {
        ("os", 1),
        ("a.b", 1),
        ("p.q.sibling", 2),
        ("p.up.one", 3),
        ("p.up.two", 3),
        ("lazily", 11),
    }


def test_both_at_once_are_the_same() -> None:
    assert names.both("p/q/m.py", PYTHON) == (names.definitions("p/q/m.py", PYTHON), names.imports("p/q/m.py", PYTHON))
    source = b"export class A {}\nimport x from './y'\n"
    assert names.both("a.ts", source) == (names.definitions("a.ts", source), names.imports("a.ts", source))


@pytest.mark.parametrize(
    ("path", "source", "defined"),
    [
        ("a.js", "export default class Foo {", "Foo"),
        ("a.ts", "export interface Bar {", "Bar"),
        ("a.tsx", "export async function go() {", "go"),
        ("a.js", "const value = 1", "value"),
        ("a.go", "func (s *Server) Serve() {", "Serve"),
        ("a.go", "type Server struct {", "Server"),
        ("a.rs", "    pub(crate) async fn send(x: u8) {", "send"),
        ("a.rs", "pub struct Sent;", "Sent"),
        ("A.java", "public final class Main {", "Main"),
        ("a.kt", "fun main() {", "main"),
        ("a.php", "    private static function f() {", "f"),
        ("a.c", "static int *parse(const char *text)", "parse"),
        ("a.h", "#define LIMIT 3", "LIMIT"),
        ("a.cpp", "namespace inner {", "inner"),
        ("a.rb", "  def self.empty?", "empty?"),
        ("a.sh", "build() {", "build"),
        ("a.lua", "local function f(x)", "f"),
        ("a.sql", "create table if not exists app.users (", "app.users"),
        ("a.md", "class Foo", None),
        ("a.c", "return parse(text);", None),
    ],
)
def test_other_languages_are_read_by_their_lines(path: str, source: str, defined: str | None) -> None:
    found = names.definitions(path, f"\n{source}\n".encode())
    assert [(one.name, one.line) for one in found] == ([(defined, 2)] if defined else [])


@pytest.mark.parametrize(
    ("path", "source", "imported"),
    [
        ("a.js", "} from './parts'", "./parts"),
        ("a.js", "const x = require('fs')", "fs"),
        ("a.mjs", 'import "side-effect"', "side-effect"),
        ("a.go", '\tlog "example/log"', "example/log"),
        ("a.rs", "pub use std::io::Read;", "std::io::Read"),
        ("a.java", "import static a.b.C;", "a.b.C"),
        ("a.c", "#include <sys/types.h>", "sys/types.h"),
        ("a.rb", "require_relative 'x'", "x"),
        ("a.php", r"use App\Models\User;", r"App\Models\User"),
        ("a.css", '@import url("b.css");', "b.css"),
        ("a.html", '{% extends "base.html" %}', "base.html"),
        ("a.py", "from a import b", "a.b"),
    ],
)
def test_imports_of_other_languages(path: str, source: str, imported: str) -> None:
    assert [one.name for one in names.imports(path, source.encode())] == [imported]


@pytest.mark.parametrize(
    "bomb",
    [
        b"(" * 200_000 + b")" * 200_000,
        b"x = " + b"-" * 500_000 + b"1",
        b"def f(:\n" * 1_000,
        b"\xff\xfe",
        b"# coding: nothing\nimport a",
        b"x" * (names.MAX_BYTES + 1),
        b"class A:\0 pass",
    ],
)
def test_what_is_no_python_has_no_names(bomb: bytes) -> None:
    assert names.both("a.py", bomb) == ([], [])
    assert names.imports("a.py", bomb) == []


def test_what_breaks_after_the_last_import_still_imports() -> None:
    broken = b"import a\n" + b"[" * 90_000
    assert [one.name for one in names.imports("a.py", broken)] == ["a"]
    assert names.both("a.py", broken) == ([], names.imports("a.py", broken))


@pytest.mark.parametrize("suffix", ["js", "c", "java", "rs", "go", "sql", "rb", "php", "html", "lua", "css"])
@pytest.mark.parametrize("unit", [" ", "a ", "a", "pub ", "(", "*", "a.", "{", "export ", "\t", '"'])
def test_no_line_takes_long(suffix: str, unit: str) -> None:
    line = (unit * 50_000 + "!").encode()
    begun = time.process_time()
    names.both(f"a.{suffix}", b"\n".join([line] * 5))
    assert time.process_time() - begun < 0.5


@pytest.mark.parametrize(
    ("query", "name", "meant", "exactly"),
    [
        ("load", "Loader.load", True, True),
        ("loader", "Loader.load", False, False),
        ("Loader.load", "a.Loader.load", True, True),
        ("oad", "Loader.load", True, False),
        ("Load", "Loader.load", False, False),
    ],
)
def test_a_query_names_the_last_part_unless_it_has_a_dot(query: str, name: str, meant: bool, exactly: bool) -> None:
    assert (names.is_named(Needle(query), name), names.is_exactly(Needle(query), name)) == (meant, exactly)
