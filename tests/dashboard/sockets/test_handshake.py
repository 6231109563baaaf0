"""Which sockets are refused before they open, over the whole application: whose page asks, by which name, for what."""

import pytest
from django.contrib.auth.models import User

from dashboard.sockets.consumers import StreamConsumer
from tests.dashboard.sockets.clients import HOST, Headers, Socket, by_cookie, by_token, elsewhere
from tests.factories import token_of
from tests.scenes import Scene

pytestmark = [pytest.mark.virtual_time, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("sockets")]


async def is_refused(path: str, headers: Headers, host: str = HOST) -> bool:
    socket = Socket(path, headers, host)
    accepted, _ = await socket.connect()
    await socket.leave()
    return not accepted


@pytest.fixture(params=["run", "overview"])
def where(request: pytest.FixtureRequest, run: Scene) -> str:
    return f"/ws/runs/{run.run_id}/" if request.param == "run" else "/ws/overview/"


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "http://127.0.0.1", "http://127.0.0.1:8001", "https://127.0.0.1:8000", "null", ""],
)
async def test_a_page_of_another_origin_opens_no_socket_whoever_is_signed_in(
    where: str, ada: User, origin: str
) -> None:
    assert await is_refused(where, await elsewhere(by_cookie, ada, origin))
    assert not await is_refused(where, await elsewhere(by_cookie, ada))


async def test_a_cookie_without_an_origin_opens_no_socket(where: str, ada: User) -> None:
    headers = [header for header in await elsewhere(by_cookie, ada) if header[0] != b"origin"]
    assert await is_refused(where, headers)


@pytest.mark.parametrize("host", ["evil.example:8000", "127.0.0.1:8001", "localhost.evil.example:8000"])
async def test_another_name_for_this_server_opens_no_socket(where: str, ada: User, host: str) -> None:
    assert await is_refused(where, await elsewhere(by_cookie, ada, f"http://{host}"), host)
    assert await is_refused(where, by_token(await elsewhere(token_of, ada)), host)


@pytest.mark.parametrize("path", ["/", "/ws/", "/ws/runs/", "/ws/runs/0x1/", "/ws/runs/1/more/", "/api/v1/runs/"])
async def test_where_there_is_no_socket_none_opens(ada: User, path: str) -> None:
    assert await is_refused(path, by_token(await elsewhere(token_of, ada)))


def test_a_socket_that_does_not_say_who_may_look_cannot_be_made() -> None:
    class Open(StreamConsumer):
        async def pump(self) -> None:
            pass

    with pytest.raises(TypeError, match="may_see"):
        Open()
