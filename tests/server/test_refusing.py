"""What the server refuses to start with, each in one line that says what to mend."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import closing

import pytest

from tests.server.conftest import MakeServer
from tests.server.process import PATIENCE, Server, until

CODE = ("dashboard", "runs", "todos", "templates", "static", "manage.py")


def refused(server: Server, **environment: str) -> str:
    """The only line of a server that did not start, besides a warning about SQLite."""
    process = server.begin(**environment)
    assert server.ended() == 1, server.printed
    assert process.returncode == 1
    (line,) = [line for line in server.lines if not line.startswith("SQLite ")]
    return line


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("PORT", "abc", "PORT must be a whole number from 1 to 65535, not 'abc'"),
        ("PORT", "0", "PORT must be a whole number from 1 to 65535, not '0'"),
        ("PORT", "70000", "PORT must be a whole number from 1 to 65535, not '70000'"),
        ("HOST", "no such host", "cannot listen on no such host: "),
        ("HOST", "192.0.2.1", "cannot listen on 192.0.2.1:"),
        ("SERVER", "x", "SERVER must be one of daphne, uvicorn, not 'x'"),
        ("DEMO", "maybe", "DEMO must be 1 or 0, not 'maybe'"),
        ("ABREAST_SHELL", "yes", "ABREAST_SHELL must be one of "),
        ("ABREAST_SECRET_KEY_FILE", "/nowhere", "ABREAST_SECRET_KEY_FILE cannot be read"),
        ("ABREAST_HOME", "/proc/nowhere", "ABREAST_HOME must be a folder that can be written to"),
        ("ABREAST_HOME", "/dev/null", "ABREAST_HOME must be a folder that can be written to"),
        ("DATABASE_URL", "nonsense", "DATABASE_URL is no address of a database"),
        ("DATABASE_URL", "sqlite:////nowhere/at/all", "the database cannot be used: "),
    ],
)
def test_what_cannot_be_meant_is_refused_in_one_line(settled: Server, name: str, value: str, says: str) -> None:
    assert says in refused(settled, **{name: value})


DANGERS = {
    "ABREAST_DEBUG": ("1", "ABREAST_DEBUG is on"),
    "ABREAST_SECRET_KEY": ("changeme", "ABREAST_SECRET_KEY can be guessed"),
    "ABREAST_ALLOWED_HOSTS": ("*", "ABREAST_ALLOWED_HOSTS is *"),
    "ABREAST_SHELL": ("trusted", "ABREAST_SHELL is trusted"),
}


def test_where_others_can_reach_it_nothing_dangerous_starts(server: Server, free_port: int) -> None:
    values = {name: value for name, (value, _) in DANGERS.items()}
    line = refused(server, HOST="0.0.0.0", PORT=str(free_port), **values)
    said = ", ".join(says for _, says in DANGERS.values())
    assert line == f"CommandError: other machines would reach it on 0.0.0.0, and {said}"
    assert not (server.home / "abreast.sqlite3").exists()


def test_on_this_machine_alone_it_is_the_users_own_business(settled: Server) -> None:
    settled.start(ABREAST_DEBUG="1", ABREAST_SHELL="trusted", ABREAST_SECRET_KEY="changeme")
    assert settled.ask("runs/")[0] == 200


def test_a_port_that_was_asked_for_and_is_taken_is_an_error(settled: Server, taken_port: int) -> None:
    assert f"cannot listen on 127.0.0.1:{taken_port}: " in refused(settled, PORT=str(taken_port))


def test_two_servers_on_one_home_are_refused(settled: Server, make_server: MakeServer) -> None:
    settled.start()
    second = make_server(settled.home)
    line = refused(second)
    assert f"another server is running on {settled.home} already, at {settled.url}" in line
    assert settled.manage("login_link").stdout.startswith(settled.url)
    settled.kill()
    assert second.start().stop() == 0


def test_a_database_of_a_newer_version_is_left_alone(settled: Server) -> None:
    with closing(sqlite3.connect(settled.home / "abreast.sqlite3")) as database, database:
        row = ("runs", "0999_from_the_future", "2100-01-01")
        database.execute("INSERT INTO django_migrations (app, name, applied) VALUES (?, ?, ?)", row)
    before = (settled.home / "abreast.sqlite3").read_bytes()
    assert "newer version of Abreast (it has runs.0999_from_the_future)" in refused(settled)
    assert (settled.home / "abreast.sqlite3").read_bytes() == before


@pytest.mark.parametrize("at", [0, 100])
def test_a_database_that_is_damaged_is_said_to_be(settled: Server, at: int) -> None:
    path = settled.home / "abreast.sqlite3"
    with path.open("r+b") as file:
        file.seek(at)
        file.write(b"\xff" * 4096)
    assert "the database cannot be used: " in refused(settled)


def test_a_home_that_is_a_folder_of_rubbish_is_said_to_be(settled: Server) -> None:
    shutil.rmtree(settled.home / "static")
    (settled.home / "static").write_text("no folder")
    assert str(settled.home / "static") in refused(settled)


@pytest.mark.parametrize("command", [["login_link"], ["verify"]])
def test_commands_on_a_home_without_a_database_say_so(server: Server, command: list[str]) -> None:
    said = server.manage(*command)
    assert said.returncode in (1, 2)
    assert said.stdout == ""
    assert said.stderr.count("\n") == 1, said.stderr
    assert "no such table" in said.stderr


def test_a_reader_of_its_words_who_leaves_does_not_end_it(settled: Server) -> None:
    (settled.home / "server.json").unlink()
    reading, writing = os.pipe()
    command = [sys.executable, str(settled.manage_py), "up"]
    with subprocess.Popen(command, env=settled.environment, cwd=settled.cwd, stdout=writing, stderr=writing) as process:
        os.close(writing)
        assert os.read(reading, 1)
        os.close(reading)
        try:
            until((settled.home / "server.json").exists, "it has an address")
            url = json.loads((settled.home / "server.json").read_text())["url"]
            until(lambda: alive(url), "it answers")
        finally:
            process.terminate()
        assert process.wait(PATIENCE) == 0


def alive(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/healthz", timeout=PATIENCE) as answer:
            return bool(answer.status == 200)
    except urllib.error.URLError:
        return False
