"""What `manage.py up` is told by its environment, and what it says of itself."""

import http.cookiejar
import json
import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.server.conftest import MakeServer
from tests.server.process import ROOT, Server, until

CODE = ("dashboard", "runs", "todos", "templates", "static", "manage.py")


@pytest.fixture
def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as probe:
        return int(probe.getsockname()[1])


@pytest.fixture
def taken_port() -> Iterator[int]:
    with closing(socket.create_server(("127.0.0.1", 0))) as somebody:
        yield int(somebody.getsockname()[1])


class Browser:
    """Keeps cookies and follows redirects. An answer is its status, its address and its text."""

    def __init__(self) -> None:
        jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self._opener = urllib.request.build_opener(jar)

    def open(self, url: str, form: dict[str, str] | None = None) -> tuple[int, str, str]:
        request = urllib.request.Request(url, urlencode(form).encode() if form is not None else None)
        request.add_header("Origin", "/".join(url.split("/")[:3]))
        try:
            with self._opener.open(request, timeout=20) as answer:
                return answer.status, answer.url, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, url, error.read().decode()

    def sign_in(self, link: str) -> tuple[int, str, str]:
        _, _, page = self.open(link)
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        assert token, page
        return self.open(link, {"csrfmiddlewaretoken": token[1]})


# ---- what it prints ----


@pytest.mark.parametrize("name", ["daphne", "uvicorn"])
def test_the_login_link_signs_in_once_and_the_token_works(settled: Server, name: str) -> None:
    settled.start(SERVER=name)
    link, browser = settled.said("login: "), Browser()
    assert browser.sign_in(link)[:2] == (200, f"{settled.url}/")
    assert browser.open(f"{settled.url}/runs/")[:2] == (200, f"{settled.url}/runs/")
    status, _, page = Browser().sign_in(link)
    assert status == 403
    assert "python manage.py login_link" in page
    assert settled.ask("todos/", {"content": "By the token"})[0] == 201
    command = {"content": "A command", "executor": {"name": "shell", "command": "true"}}
    assert settled.ask("todos/", command)[0] == 201
    assert settled.ask("todos/", {"content": "By nobody"}, token="abr_o_" + "x" * 43)[0] == 401


def test_another_login_link_leads_to_the_server_that_runs(settled: Server, free_port: int) -> None:
    settled.start(PORT=str(free_port))
    link = settled.manage("login_link").stdout.strip()
    assert link.startswith(f"http://127.0.0.1:{free_port}/login/")
    assert Browser().sign_in(link)[0] == 200


def test_tokens_and_sessions_outlive_a_restart(settled: Server, free_port: int) -> None:
    settled.start(PORT=str(free_port))
    token, browser = settled.token, Browser()
    assert browser.sign_in(settled.said("login: "))[0] == 200
    settled.kill()
    settled.start(PORT=str(free_port))
    assert settled.ask("runs/", token=token)[0] == 200
    assert browser.open(f"{settled.url}/runs/")[:2] == (200, f"{settled.url}/runs/")


def test_secrets_are_for_their_owner_only(server: Server) -> None:
    server.start()
    assert server.home.stat().st_mode & 0o777 == 0o700
    assert (server.home / "secret_key").stat().st_mode & 0o777 == 0o600
    text = "".join(path.read_text() for path in server.home.glob("*") if path.suffix in (".json", ".log"))
    assert server.token not in text


# ---- what it is told ----


def test_a_default_port_that_is_taken_gives_way_to_a_free_one(make_server: MakeServer, used_home: Path) -> None:
    """Also where whoever has it is another server of ours, whose cookies are told apart."""
    homes = [used_home.parent / "one", used_home.parent / "two"]
    for home in homes:
        shutil.copytree(used_home, home)
    first, second = (make_server(home).start() for home in homes)
    assert first.url != second.url
    number = second.url.rsplit(":", 1)[1]
    assert second.said("port 8000 is taken") == f", so this is http://127.0.0.1:{number}"
    browser = Browser()
    for server in (first, second):
        assert browser.sign_in(server.said("login: "))[0] == 200
    for server in (first, second):
        assert browser.open(f"{server.url}/runs/")[1] == f"{server.url}/runs/", "still signed in to both"


@pytest.mark.parametrize(
    ("host", "shown"),
    [
        ("::1", "[::1]"),
        ("localhost", "localhost"),
        ("127.0.0.2", "127.0.0.2"),
        ("0.0.0.0", "127.0.0.1"),
        ("::", "[::1]"),
    ],
)
def test_it_listens_where_it_is_told_to(settled: Server, free_port: int, host: str, shown: str) -> None:
    settled.start(HOST=host, PORT=str(free_port))
    assert settled.url == f"http://{shown}:{free_port}"
    assert settled.ask("runs/")[0] == 200
    assert Browser().sign_in(settled.said("login: "))[0] == 200


def test_empty_settings_are_no_settings(settled: Server) -> None:
    settled.start(HOST="", PORT="", SERVER="", DEMO="0", DATABASE_URL="", ABREAST_MAX_WORKERS="")
    assert settled.url.startswith("http://127.0.0.1:")


def test_without_a_demo_there_is_no_first_run(settled: Server) -> None:
    settled.start(DEMO="0")
    assert settled.get("runs/")["results"] == []


def test_there_is_one_first_run_however_often_it_starts(server: Server) -> None:
    for _ in range(2):
        server.start(DEMO="1")
        (run,) = server.get("runs/")["results"]
        server.wait_for(run["id"], "completed")
        assert server.stop() == 0


# ---- where it is ----


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The code by itself, as an archive of it would be: no `.git`, and a name of no help."""
    folder = tmp_path / "some folder, ünïcode ❄" / "abreast-main (1)"
    folder.mkdir(parents=True)
    for name in CODE:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy2
        copy(ROOT / name, folder / name)
    return folder


@pytest.mark.parametrize("place", ["in it", "above it", "elsewhere"])
def test_the_first_run_explores_abreast_wherever_it_is(
    make_server: MakeServer, checkout: Path, tmp_path: Path, place: str
) -> None:
    (tmp_path / "elsewhere").mkdir()
    cwd = {"in it": checkout, "above it": checkout.parent, "elsewhere": tmp_path / "elsewhere"}[place]
    server = make_server(tmp_path / "höme with spaces", checkout=checkout, cwd=cwd)
    del server.environment["ABREAST_WORKSPACE"]
    before = sorted(str(path) for path in checkout.rglob("*"))
    server.start(DEMO="1")
    (run,) = server.get("runs/")["results"]
    done = server.wait_for(run["id"], "completed", "failed")
    assert done["status"] == "completed"
    found = server.get(f"runs/{run['id']}/subtasks/merge/")["result"]
    assert run["content"] == f"Explore {found['modules']} modules of Abreast"
    assert found["modules"] > 100
    assert found["lines"] > 5_000
    names = {row["executor"]["name"] for row in server.all_of(f"runs/{run['id']}/subtasks/?limit=500")}
    assert names == ({"python"} if place == "elsewhere" else {"python", "read"})
    assert server.stop() == 0
    assert sorted(str(path) for path in checkout.rglob("*")) == before, "the checkout may be read-only"


# ---- what it refuses, in one line ----


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
        ("HOST", "a" * 70, f"cannot listen on {'a' * 70}: "),
        ("HOST", "a..b", "cannot listen on a..b: "),
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


@pytest.mark.parametrize("command", [["login_link"], ["create_token", "x", "--scope", "viewer"], ["verify"]])
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
        assert process.wait(20) == 0


def alive(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/healthz", timeout=20) as answer:
            return bool(answer.status == 200)
    except urllib.error.URLError:
        return False
