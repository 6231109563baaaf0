"""A port, a lock on the home folder, and where the server said it would be."""

import errno
import json
import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from dashboard.server import serving
from dashboard.server.serving import CannotServe, bind, home_lock, remembered, running_url, url_of


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that somebody listens on."""
    with closing(socket.create_server(("127.0.0.1", 0))) as somebody:
        yield somebody.getsockname()[1]


def test_a_free_port_is_taken_and_listened_on() -> None:
    with closing(bind("127.0.0.1", 0, take_next=False)) as listener:
        with closing(socket.create_connection(listener.getsockname()[:2], timeout=1)):
            assert listener.getsockname()[1] > 0
        assert not listener.get_inheritable()


def test_what_is_answered_is_sent_at_once() -> None:
    with (
        closing(bind("127.0.0.1", 0, take_next=False)) as listener,
        closing(socket.create_connection(listener.getsockname())),
        closing(listener.accept()[0]) as connection,
    ):
        assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_port_that_was_asked_for_and_is_taken_is_an_error(taken: int) -> None:
    with pytest.raises(CannotServe, match=f"cannot listen on 127.0.0.1:{taken}: "):
        bind("127.0.0.1", taken, take_next=False)


def test_a_default_port_that_is_taken_gives_way_to_the_next_free_one(taken: int) -> None:
    with closing(bind("127.0.0.1", taken, take_next=True)) as listener:
        assert taken < listener.getsockname()[1] < taken + serving.TRIES


def test_ports_end_where_ports_end() -> None:
    with ExitStack() as stack:
        try:
            stack.enter_context(closing(socket.create_server(("127.0.0.1", serving.HIGHEST_PORT))))
        except OSError as error:
            assert error.errno == errno.EADDRINUSE  # somebody else has it, which is as good
        with pytest.raises(CannotServe, match=r":65535: "):
            bind("127.0.0.1", serving.HIGHEST_PORT, take_next=True)


def test_an_address_that_is_not_ours_is_not_tried_fifty_times() -> None:
    with pytest.raises(CannotServe, match=r"cannot listen on 192\.0\.2\.1:8000: "):
        bind("192.0.2.1", 8000, take_next=True)


@pytest.mark.parametrize(
    ("host", "shown"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("localhost", "localhost"),
        ("::1", "[::1]"),
        ("0.0.0.0", "127.0.0.1"),
        ("::", "[::1]"),
    ],
)
def test_the_address_is_shown_as_a_browser_wants_it(host: str, shown: str) -> None:
    assert url_of(host, 8001) == f"http://{shown}:8001"


@pytest.mark.parametrize("host", ["no such host", "a..b", "a" * 70, "ä" * 70])
def test_what_is_no_name_of_a_host_is_an_error_for_people(host: str) -> None:
    with pytest.raises(CannotServe, match="cannot listen on "):
        bind(host, 8000, take_next=True)


def test_a_second_server_on_one_home_refuses(tmp_path: Path) -> None:
    with home_lock(tmp_path), pytest.raises(CannotServe, match="another server is running"), home_lock(tmp_path):
        raise AssertionError("it started")


def test_a_home_is_free_again_when_its_server_has_ended(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), home_lock(tmp_path):
        raise ZeroDivisionError
    with home_lock(tmp_path):
        assert (tmp_path / "server.lock").stat().st_mode & 0o777 == 0o600


def test_two_homes_have_a_server_each(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    with home_lock(tmp_path / "one"), home_lock(tmp_path / "two"):
        assert sorted(path.parent.name for path in tmp_path.glob("*/server.lock")) == ["one", "two"]


def test_other_commands_find_the_server_of_a_home_while_it_answers(tmp_path: Path) -> None:
    with remembered(tmp_path, "http://127.0.0.1:8001"):
        assert running_url(tmp_path) == "http://127.0.0.1:8001"
        assert json.loads((tmp_path / "server.json").read_text())["pid"] == os.getpid()
    assert running_url(tmp_path) is None


def test_a_second_server_is_told_where_the_first_answers(tmp_path: Path) -> None:
    with home_lock(tmp_path):
        with remembered(tmp_path, "http://127.0.0.1:8001"):
            pass
        with pytest.raises(CannotServe, match=r"already$"), home_lock(tmp_path):
            raise AssertionError("it started")
        with (
            remembered(tmp_path, "http://127.0.0.1:8002"),
            pytest.raises(CannotServe, match=r"already, at http://127\.0\.0\.1:8002$"),
            home_lock(tmp_path),
        ):
            raise AssertionError("it started")


@pytest.mark.parametrize("text", [None, "", "{", "{}", "[]", "7", "null"])
def test_a_home_without_a_server_has_no_address(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "server.json").write_text(text)
    assert running_url(tmp_path) is None
