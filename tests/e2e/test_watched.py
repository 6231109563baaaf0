"""What the browser tests take for an error."""

from tests.e2e.conftest import Open, Watched


def test_a_page_that_is_left_before_its_socket_is_open_is_no_error(visit: Open, watched: Watched) -> None:
    page = visit("/")
    with page.expect_console_message(lambda message: "closed before the connection" in message.text):
        page.evaluate("new WebSocket(location.origin.replace('http', 'ws') + '/ws/overview/').close()")
    assert watched.found == []


def test_a_socket_that_is_refused_is_an_error(visit: Open, watched: Watched) -> None:
    watched.expected.append("/ws/nowhere/")
    page = visit("/")
    with page.expect_console_message(lambda message: "/ws/nowhere/" in message.text):
        page.evaluate("new WebSocket(location.origin.replace('http', 'ws') + '/ws/nowhere/')")
    assert any("/ws/nowhere/" in line for line in watched.found)
