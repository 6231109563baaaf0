"""Nothing that an address can say leads the executor `http` to a server on this machine."""

import socket
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from pytest_django import Settings

from runs.executors import http
from runs.executors.base import Failed, Job
from runs.executors.web.addresses import Resolver, allowed, ask_system
from tests.runs.executors.web.serving import Site, say, serving

HOSTS = """
127.0.0.1 127.1 127.0.1 127.0.0.2 127.255.255.254 0 0.0.0.0 0x7f000001 0x7f.0.0.1 0x7f.1 017700000001 0177.0.0.1
0177.0x0.0.1 2130706433 000000127.0.0.1 127.000.000.001 localhost LOCALHOST localhost. 127.0.0.1. localhost.localdomain
ip6-localhost [::1] [::] [0:0:0:0:0:0:0:1] [0000::0001] [::ffff:127.0.0.1] [::ffff:7f00:1] [0:0:0:0:0:ffff:127.0.0.1]
[::127.0.0.1] [::ffff:0:127.0.0.1] [64:ff9b::127.0.0.1] [64:ff9b::7f00:1] [2002:7f00:1::] [::1%25lo] [fe80::1%25lo]
127。0。0。1 127．0．0．1 127｡0｡0｡1 １２７.0.0.1 ①②⑦.⓪.⓪.① ⓛⓞⓒⓐⓛⓗⓞⓢⓣ loc%61lhost %6c%6f%63alhost
127.0.0.1%2e 127.0.0.1%00 127.0.0.1%09
user@127.0.0.1 user:word@127.0.0.1 example.org@127.0.0.1 example.org:80@127.0.0.1 example.org%40127.0.0.1
example.org%20@127.0.0.1 example.org\\@127.0.0.1 127.0.0.1\\@example.org 127.0.0.1#@example.org 127.0.0.1?@example.org
169.254.169.254 [fd00:ec2::254] 4294967296 127.0.0.1.nip.io.invalid
""".split()
WHOLE = [
    "http://127.0.0.1 .example.org:{port}/",
    "http://example.org\0@127.0.0.1:{port}/",
    "http://127.0.0.1\0.example.org:{port}/",
    "http://127.0.0.1\t:{port}/",
    "http://127.0.0.1\r\nHost: example.org:{port}/",
    " http://127.0.0.1:{port}/",
    "HTTP://LOCALHOST:{port}/",
    "http:127.0.0.1:{port}/",
    "http:/127.0.0.1:{port}/",
    "http:///127.0.0.1:{port}/",
    "http:\\\\127.0.0.1:{port}/",
    "//127.0.0.1:{port}/",
    "https://127.0.0.1:{port}/",
    "ftp://127.0.0.1:{port}/",
    "gopher://127.0.0.1:{port}/_GET%20/",
    "dict://127.0.0.1:{port}/",
    "file://127.0.0.1:{port}/etc/passwd",
    "file:///etc/passwd",
    "ws://127.0.0.1:{port}/",
    "unix:///run/docker.sock",
    "jar:http://127.0.0.1:{port}/!/",
    "http://[::1:{port}/",
    "http://[v1.127.0.0.1]:{port}/",
    "http://127.0.0.1:{port}" + "/a" * 3_000,
    "http://:{port}/",
    "",
]


@pytest.fixture(scope="module")
def canary() -> Iterator[Site]:
    """A server on all addresses of this machine, that nobody must reach."""
    with serving(lambda handler: say(handler, 200, b"tweet"), host="0.0.0.0") as site:
        yield site


def refuse(url: str, workspace: Path, resolver: Resolver = ask_system) -> Failed:
    with pytest.raises(Failed) as failed:
        http.run(Job({"name": "http", "url": url}, workspace=workspace, timeout_seconds=20), resolver)
    return failed.value


def own_addresses() -> list[str]:
    found = [each for card in psutil.net_if_addrs().values() for each in card]
    return [each.address for each in found if each.family == socket.AF_INET]


def test_no_address_leads_to_this_machine(canary: Site, tmp_path: Path) -> None:
    urls = [f"http://{host}:{canary.port}/" for host in [*HOSTS, *own_addresses()]]
    urls += [url.replace("{port}", str(canary.port)) for url in WHOLE]
    assert len(urls) >= 80
    for url in urls:
        refuse(url, tmp_path)
    assert canary.connections == 0


@pytest.mark.parametrize("answers", [["127.0.0.1"], ["93.184.215.14", "127.0.0.1"], ["::1"], ["::ffff:127.0.0.1"]])
def test_no_name_leads_to_this_machine(canary: Site, tmp_path: Path, answers: list[str]) -> None:
    failed = refuse(canary.url(host="rebound.example"), tmp_path, lambda host, port: answers)
    assert "must not be reached" in failed.error
    assert not failed.retryable
    assert canary.connections == 0


def test_a_name_that_changes_its_mind_is_asked_once(canary: Site, tmp_path: Path, settings: Settings) -> None:
    """The first answer may be reached and is; the next ones, which lead to the canary, are never asked for."""
    settings.HTTP_ALLOW = allowed(["127.0.0.2"])
    asked: list[str] = []

    def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.2"] if len(asked) == 1 else ["127.0.0.1"]

    with serving(lambda handler: say(handler, 200, handler.client_address[0].encode()), host="127.0.0.2") as site:
        result = http.run(Job({"url": site.url(host="rebound.example")}, workspace=tmp_path), rebinding).result
    assert (result["status"], asked) == (200, ["rebound.example"])
    assert site.asked[0].headers["Host"] == f"rebound.example:{site.port}"
    assert canary.connections == 0


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0x7f.1", "user:word@127.0.0.1"])
def test_no_redirect_leads_to_this_machine(
    canary: Site, tmp_path: Path, settings: Settings, status: int, host: str
) -> None:
    settings.HTTP_ALLOW = allowed(["127.0.0.2"])
    target = canary.url(host=host)
    with serving(lambda handler: say(handler, status, Location=target), host="127.0.0.2") as site:
        refuse(site.url(host="127.0.0.2"), tmp_path)
    assert (len(site.asked), canary.connections) == (1, 0)


@pytest.mark.parametrize("target", ["//127.0.0.1:{port}/", "file:///etc/passwd", "ftp://127.0.0.1:{port}/", "http://"])
def test_no_redirect_leaves_http(canary: Site, tmp_path: Path, settings: Settings, target: str) -> None:
    settings.HTTP_ALLOW = allowed(["127.0.0.2"])
    target = target.replace("{port}", str(canary.port))
    with serving(lambda handler: say(handler, 302, Location=target), host="127.0.0.2") as site:
        refuse(site.url(host="127.0.0.2"), tmp_path)
    assert canary.connections == 0


def test_a_redirect_is_judged_by_its_own_look_up(canary: Site, tmp_path: Path, settings: Settings) -> None:
    settings.HTTP_ALLOW = allowed(["127.0.0.2"])
    answers = iter([["127.0.0.2"], ["127.0.0.1"]])
    with serving(lambda handler: say(handler, 302, Location="/again"), host="127.0.0.2") as site:
        failed = refuse(site.url(host="rebound.example"), tmp_path, lambda host, port: next(answers))
    assert "127.0.0.1 is not public" in failed.error or "127.0.0.1 is an address of this machine" in failed.error
    assert (len(site.asked), canary.connections) == (1, 0)
