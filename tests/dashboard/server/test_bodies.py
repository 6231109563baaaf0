from collections.abc import AsyncIterator
from typing import Any, cast

import httpx
import pytest
from django.contrib.auth.models import User
from django.core.handlers.asgi import ASGIHandler

from dashboard.server.bodies import BoundedBodies
from tests.factories import token_of

pytestmark = [pytest.mark.urls("tests.sample_api"), pytest.mark.django_db(transaction=True)]
MEBIBYTE = 1024 * 1024


@pytest.fixture
def token(transactional_db: None) -> str:
    return token_of(User.objects.create_user("ada", is_staff=True))


async def send(token: str, body: Any, path: str = "/api/v1/notes/", **headers: str) -> httpx.Response:
    transport = httpx.ASGITransport(app=cast(Any, BoundedBodies(ASGIHandler())))
    headers |= {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
        return await client.post(path, content=body, headers=headers)


async def chunks(size: int, taken: list[int] | None = None) -> AsyncIterator[bytes]:
    """JSON in pieces of 64 KiB, without a length given beforehand."""
    yield b'{"text": "a"'
    for at in range(0, size, 65_536):
        if taken is not None:
            taken.append(at)
        yield b" " * 65_536
    yield b"}"


async def test_a_body_within_the_limit_comes_through(token: str) -> None:
    assert (await send(token, b'{"text": "b"}')).status_code == 201
    response = await send(token, chunks(MEBIBYTE - 100_000))
    assert (response.status_code, response.json()) == (201, {"texts": ["a"]})


async def test_an_announced_length_over_the_limit_is_refused_unread(token: str) -> None:
    response = await send(token, b" " * (MEBIBYTE + 1))
    assert response.status_code == 413
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.headers["Connection"] == "close"
    assert response.json()["status"] == 413


async def test_a_chunked_body_is_cut_off_where_it_gets_too_large(token: str) -> None:
    taken: list[int] = []
    response = await send(token, chunks(100 * MEBIBYTE, taken))
    assert response.status_code == 413
    assert len(taken) <= MEBIBYTE // 65_536 + 1


async def test_nobody_learns_more_than_that_without_a_token(token: str) -> None:
    assert (await send("wrong", chunks(2 * MEBIBYTE))).status_code == 413
    assert (await send("wrong", b"{}")).status_code == 401


@pytest.mark.parametrize("path", ["/api/v1/notes/", "/nowhere/", "/api/v1/nowhere/"])
async def test_every_path_has_a_limit(token: str, path: str) -> None:
    assert (await send(token, b" " * (MEBIBYTE + 1), path)).status_code == 413


async def test_what_is_not_http_passes_through() -> None:
    seen: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["type"])

    async def nothing(*args: Any) -> Any:
        raise AssertionError("not to be called")

    await BoundedBodies(app)({"type": "websocket"}, nothing, nothing)
    assert seen == ["websocket"]


async def test_a_length_that_is_announced_too_large_is_not_waited_for() -> None:
    said: list[Any] = []

    async def untouched(*args: Any) -> Any:
        raise AssertionError("not to be called")

    async def send(message: Any) -> None:
        said.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/api/v1/notes/",
        "headers": [(b"content-length", str(MEBIBYTE + 1).encode())],
    }
    await BoundedBodies(untouched)(scope, untouched, send)
    assert [message.get("status") for message in said] == [413, None]
