"""What sort of work a command of the shell is, by its first programs: some sorts get in each other's way sooner."""

import re
import shlex
from collections.abc import Sequence
from functools import lru_cache

BUILD, SYSTEM, GIT, PACKAGE, PROCESS, FILE, NETWORK = KINDS = (
    "build",
    "system",
    "git",
    "package",
    "process",
    "file",
    "network",
)
OTHER = "other"  # none of these: it counts among all commands only

_PROGRAMS = {
    BUILD: "make cmake ninja meson bazel gcc g++ cc c++ clang clang++ ld rustc javac tsc gradle mvn ant webpack vite "
    "rollup esbuild pytest tox nox ruff mypy eslint jest vitest phpunit rspec ctest docker podman",
    SYSTEM: "ps df du netstat ss free uptime uname top htop vmstat iostat lsof lscpu lsblk lspci dmesg who w",
    GIT: "git hg svn",
    PACKAGE: "npm pnpm yarn pip pip3 uv poetry pipenv conda cargo go gem bundle composer apt apt-get dnf yum apk brew",
    PROCESS: "kill pkill killall pgrep renice strace ltrace watch systemctl service",
    FILE: "find rsync chmod chown chgrp cp mv rm tar zip unzip gzip gunzip xz zstd dd ln install shred",
    NETWORK: "curl wget ping traceroute dig nslookup host nc telnet ssh scp sftp ftp",
}
_KIND = {program: kind for kind, programs in _PROGRAMS.items() for program in programs.split()}
# Managers of packages that build and test, too; and interpreters that run such a tool as a module.
_BUILDS = frozenset("build test check clippy vet run bench lint compile package t".split())
_MODULES = frozenset({"pytest", "unittest", "build", "mypy", "compileall", "tox", "nox"})
_PYTHON = re.compile(r"python(\d(\.\d+)?)?\Z")
# What only sets the stage for the program after it.
_BEFORE = frozenset("sudo env time nice ionice nohup exec command stdbuf xargs timeout".split())
_QUIET = frozenset("cd export set source . true : echo test [ umask pushd popd".split())
_BREAK = frozenset({"&&", "||", ";", "|", "&", "|&", ";;", "(", ")", "{", "}", "\n", "!"})
_ASSIGNS = re.compile(r"[A-Za-z_]\w*=")
_LONGEST = 4_000  # characters that are looked at


@lru_cache(maxsize=4_096)
def kind_of(command: str) -> str:
    """The sort of the first of its programs that has one, else `other`.

    `cd src && CC=clang make -j4` is a build, `git log | head` git, `pip install x` package, `python -m pytest` build.
    """
    for words in _parts(command[:_LONGEST])[0]:
        if kind := _kind(words):
            return kind
    return OTHER


def parts_of(command: str) -> list[list[str]] | None:
    """The simple commands of a command line, as words; None where no shell could read it."""
    parts, whole = _parts(command)
    return parts if whole else None


def program_of(words: Sequence[str]) -> str:
    """What a simple command runs, whatever sets the stage for it; a program with a folder before it keeps that."""
    left = list(words)
    name, _ = _program(left)
    return next((word for word in left if word.rsplit("/", 1)[-1] == name), name)


def _parts(command: str) -> tuple[list[list[str]], bool]:
    """The simple commands, and whether that is all of them."""
    whole = True
    lexer = shlex.shlex(command.replace("\n", " ; "), posix=True, punctuation_chars="();<>|&")
    lexer.whitespace_split = True
    parts: list[list[str]] = [[]]
    try:
        for word in lexer:
            if word in _BREAK:
                parts.append([])
            else:
                parts[-1].append(word)
    except ValueError:  # a quotation without an end: what came before it counts
        whole = False
    return [words for words in parts if words], whole


def _kind(words: Sequence[str]) -> str | None:
    program, rest = _program(words)
    if program in _QUIET or not program:
        return None
    if _PYTHON.match(program):
        return _of_module(rest)
    kind = _KIND.get(program)
    if kind == PACKAGE and rest and rest[0] in _BUILDS:
        return BUILD
    return kind


def _program(words: Sequence[str]) -> tuple[str, list[str]]:
    """The program that is run, without its folder, and its arguments."""
    left = list(words)
    while left and (_ASSIGNS.match(left[0]) or left[0].rsplit("/", 1)[-1] in _BEFORE):
        before = left.pop(0)
        while before in _BEFORE and left and (left[0].startswith("-") or left[0][:1].isdigit()):
            left.pop(0)
    return (left[0].rsplit("/", 1)[-1], left[1:]) if left else ("", [])


def _of_module(arguments: Sequence[str]) -> str | None:
    """Of `python -m …`."""
    for at, argument in enumerate(arguments[:-1]):
        if argument == "-m":
            module = arguments[at + 1].split(".")[0]
            return BUILD if module in _MODULES else _KIND.get(module)
        if not argument.startswith("-"):
            return None
    return None
