"""Real servers, each on a home folder of its own, and none of them left over."""

import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests import servers
from tests.server.process import Server

MakeServer = Callable[..., Server]


def pytest_itemcollected(item: pytest.Item) -> None:
    item.add_marker("services")


@pytest.fixture
def free_port() -> int:
    return servers.free_port()


@pytest.fixture
def taken_port() -> Iterator[int]:
    with closing(socket.create_server(("127.0.0.1", 0))) as somebody:
        yield int(somebody.getsockname()[1])


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A folder that commands may write to, whoever they run as."""
    folder = tmp_path / "workspace"
    folder.mkdir()
    folder.chmod(0o777)
    return folder


@pytest.fixture
def make_server(tmp_path: Path, workspace: Path) -> Iterator[MakeServer]:
    """Makes servers that have not been started; ends what still runs of them."""
    made: list[Server] = []

    def make(home: Path = tmp_path / "home", **more: Any) -> Server:
        made.append(Server(home, more.pop("workspace", workspace), **more))
        return made[-1]

    yield make
    for server in made:
        server.clear()


@pytest.fixture
def server(make_server: MakeServer) -> Server:
    """One that has never been started."""
    return make_server()


@pytest.fixture(scope="session")
def used_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home folder a server has been started and stopped on, to be copied: that saves each test a first start."""
    home = tmp_path_factory.mktemp("used") / "home"
    first = Server(home, home.parent)
    try:
        assert first.start().stop() == 0
    finally:
        first.clear()
    return home


@pytest.fixture(scope="module")
def started(used_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One for all tests of a module that leave it running."""
    folder = tmp_path_factory.mktemp("started")
    shutil.copytree(used_home, folder / "home")
    server = Server(folder / "home", folder)
    try:
        yield server.start()
    finally:
        server.clear()


@pytest.fixture
def settled(server: Server, used_home: Path) -> Server:
    """One that has been started before, and has no runs."""
    shutil.copytree(used_home, server.home)
    return server
