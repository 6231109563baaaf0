"""What `manage.py up` is told by its environment, and what it says of itself."""

import http.cookiejar
import re
import shutil
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.server.conftest import MakeServer
from tests.server.process import PATIENCE, ROOT, Server

CODE = ("dashboard", "runs", "todos", "templates", "static", "manage.py")


class Browser:
    """Keeps cookies and follows redirects. An answer is its status, its address and its text."""

    def __init__(self) -> None:
        jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self._opener = urllib.request.build_opener(jar)

    def open(self, url: str, form: dict[str, str] | None = None) -> tuple[int, str, str]:
        request = urllib.request.Request(url, urlencode(form).encode() if form is not None else None)
        request.add_header("Origin", "/".join(url.split("/")[:3]))
        try:
            with self._opener.open(request, timeout=PATIENCE) as answer:
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
    said = settled.manage("login_link")
    link = said.stdout.strip()
    assert link.startswith(f"http://127.0.0.1:{free_port}/login/")
    assert Browser().sign_in(link)[0] == 200
    assert "answers now" not in said.stderr
    settled.kill()
    said = settled.manage("login_link")
    assert not said.stdout.startswith(f"http://127.0.0.1:{free_port}/"), "it was killed"
    assert "no server of" in said.stderr


def test_tokens_and_sessions_outlive_a_restart(settled: Server, free_port: int) -> None:
    settled.start(PORT=str(free_port))
    token, browser = settled.token, Browser()
    assert browser.sign_in(settled.said("login: "))[0] == 200
    settled.kill()
    settled.start(PORT=str(free_port))
    assert settled.ask("runs/", token=token)[0] == 200
    assert browser.open(f"{settled.url}/runs/")[:2] == (200, f"{settled.url}/runs/")


def test_secrets_are_for_their_owner_only(settled: Server, used_home: Path) -> None:
    assert used_home.stat().st_mode & 0o777 == 0o700
    assert (used_home / "secret_key").stat().st_mode & 0o777 == 0o600
    settled.start()
    text = "".join(path.read_text() for path in settled.home.glob("*") if path.suffix in (".json", ".log"))
    assert settled.token not in text


# ---- what it is told ----


def test_a_default_port_that_is_taken_gives_way_to_a_free_one(make_server: MakeServer, used_home: Path) -> None:
    """Also where whoever has it is another server of ours, whose cookies are told apart."""
    homes = [used_home.parent / "one", used_home.parent / "two"]
    for home in homes:
        shutil.copytree(used_home, home)
    first, second = (make_server(home).start() for home in homes)
    assert first.url != second.url
    for server in (first, second):  # the first too, where somebody else has had it
        assert server.url.endswith(":8000") or server.said("port 8000 is taken") == f", so this is {server.url}"
    browser = Browser()
    for server in (first, second):
        assert browser.sign_in(server.said("login: "))[0] == 200
    for server in (first, second):
        assert browser.open(f"{server.url}/runs/")[1] == f"{server.url}/runs/", "still signed in to both"


@pytest.mark.parametrize(
    ("host", "shown"),
    [("::1", "[::1]"), ("127.0.0.2", "127.0.0.2"), ("0.0.0.0", "127.0.0.1")],
)
def test_it_listens_where_it_is_told_to(settled: Server, free_port: int, host: str, shown: str) -> None:
    settled.start(HOST=host, PORT=str(free_port))
    assert settled.url == f"http://{shown}:{free_port}"
    assert settled.ask("runs/")[0] == 200
    assert Browser().sign_in(settled.said("login: "))[0] == 200


def test_a_key_from_the_environment_is_not_kept(settled: Server) -> None:
    (settled.home / "secret_key").unlink()
    settled.start(ABREAST_SECRET_KEY="a key of more than twenty characters")
    assert settled.ask("runs/")[0] == 200
    assert not (settled.home / "secret_key").exists()


def test_empty_settings_are_no_settings(settled: Server) -> None:
    settled.start(HOST="", PORT="", SERVER="", DEMO="0", DATABASE_URL="", ABREAST_MAX_WORKERS="")
    assert settled.url.startswith("http://127.0.0.1:")


def test_without_a_demo_there_is_no_first_run(settled: Server) -> None:
    settled.start(DEMO="0")
    assert settled.get("runs/")["results"] == []


def test_there_is_one_first_run_however_often_it_starts(settled: Server) -> None:
    for _ in range(2):
        settled.start(DEMO="1")
        (run,) = settled.get("runs/")["results"]
        settled.wait_for(run["id"], "completed")
        assert settled.stop() == 0


# ---- where it is ----


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The code by itself, as an archive of it would be: no `.git`, and a name of no help."""
    folder = tmp_path / "some folder, ünïcode ❄" / "abreast-main (1)"
    folder.mkdir(parents=True)
    for name in CODE:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(ROOT / name, folder / name)
    return folder


@pytest.mark.parametrize("place", ["in it", "above it", "elsewhere"])
def test_the_first_run_explores_abreast_wherever_it_is(
    make_server: MakeServer, used_home: Path, checkout: Path, tmp_path: Path, place: str
) -> None:
    (tmp_path / "elsewhere").mkdir()
    cwd = {"in it": checkout, "above it": checkout.parent, "elsewhere": tmp_path / "elsewhere"}[place]
    server = make_server(tmp_path / "höme with spaces", checkout=checkout, cwd=cwd)
    if place != "in it":  # which is also the very first start on its home
        shutil.copytree(used_home, server.home)
    del server.environment["ABREAST_WORKSPACE"]
    before = sorted(str(path) for path in checkout.rglob("*"))
    server.start(DEMO="1")
    (run,) = server.get("runs/")["results"]
    done = server.wait_for(run["id"], "completed", "failed")
    assert done["status"] == "completed"
    found = server.get(f"runs/{run['id']}/subtasks/merge/")["result"]
    assert run["content"] == f"Exploration of Abreast: the lines, symbols and imports of {found['modules']} modules"
    assert found["modules"] > 100
    assert found["lines"] > 5_000
    names = {row["executor"]["name"] for row in server.all_of(f"runs/{run['id']}/subtasks/?limit=500")}
    assert names == ({"python"} if place == "elsewhere" else {"python", "read"})
    assert server.stop() == 0
    assert sorted(str(path) for path in checkout.rglob("*")) == before, "the checkout may be read-only"
