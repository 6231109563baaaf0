"""`/ws/runs/{id}/?format=html`: the newest state, rendered once for all, ten frames a second at most."""

from typing import Any

import pytest

from dashboard.sockets import frames
from dashboard.sockets.pace import HTML_SECONDS, RESYNC_SECONDS
from runs.models import Run
from tests.dashboard.sockets.clients import Headers, Socket, elsewhere
from tests.dashboard.virtual_time import advance
from tests.scenes import Scene, bump

pytestmark = [pytest.mark.virtual_time, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("sockets")]


def path(run: Scene, query: str = "format=html") -> str:
    return f"/ws/runs/{run.run_id}/?{query}"


class Renders:
    """Stands where the page is rendered, and counts."""

    def __init__(self) -> None:
        self.since: list[int] = []

    def __call__(self, run_id: int, since_seq: int, now: Any) -> tuple[int, str]:
        self.since.append(since_seq)
        seq = Run.objects.values_list("last_seq", flat=True).get(pk=run_id)
        return seq, f"run {run_id} at {seq}"


@pytest.fixture
def renders(monkeypatch: pytest.MonkeyPatch) -> Renders:
    made = Renders()
    monkeypatch.setattr(frames, "run_frame", made)
    return made


async def truth(run: Scene) -> str:
    """What a frame says now."""
    seq = await elsewhere(lambda: run.run.last_seq)
    return f"run {run.run_id} at {seq}"


async def test_a_browser_gets_the_newest_state_at_once_and_on_every_change(
    run: Scene, me: Headers, renders: Renders
) -> None:
    socket = await Socket(path(run), me).open()
    assert len(socket.texts()) == 1
    await elsewhere(run.start, "k0")
    await advance(HTML_SECONDS)
    (text,) = socket.texts()
    assert text == await truth(run)
    await socket.leave()


async def test_two_hundred_browsers_cost_one_render(run: Scene, me: Headers, renders: Renders) -> None:
    sockets = [await Socket(path(run, ""), me).open() for _ in range(200)]
    assert [len(socket.texts()) for socket in sockets] == [1] * 200
    assert len(renders.since) == 1
    await elsewhere(run.start, "k0")
    await advance(1)
    assert [len(socket.texts()) for socket in sockets] == [1] * 200
    assert len(renders.since) == 2
    for socket in sockets:
        await socket.leave()


async def test_a_browser_gets_ten_frames_a_second_and_ends_with_the_truth(
    run: Scene, me: Headers, renders: Renders
) -> None:
    socket = await Socket(path(run), me).open()
    socket.texts()
    for _ in range(100):
        await elsewhere(bump, run)
        await advance(0.01)
    await advance(HTML_SECONDS)
    texts = socket.texts()
    assert 10 <= len(texts) <= 11
    assert texts[-1] == await truth(run)
    await socket.leave()


async def test_without_any_change_a_browser_still_hears_every_fifteen_seconds(
    run: Scene, me: Headers, renders: Renders
) -> None:
    socket = await Socket(path(run), me).open()
    socket.texts()
    await advance(3 * RESYNC_SECONDS + 1)
    assert len(socket.texts()) == 3
    await socket.leave()


async def test_a_real_frame_of_the_page_comes_through(run: Scene, me: Headers) -> None:
    socket = await Socket(path(run, ""), me).open()
    (text,) = socket.texts()
    assert str(await elsewhere(lambda: run.run.last_seq)) in text
    await socket.leave()


async def test_a_browser_that_was_slow_skips_frames_and_ends_with_the_newest(
    run: Scene, me: Headers, renders: Renders
) -> None:
    socket = await Socket(path(run), me, room=1).open()
    for _ in range(150):
        await elsewhere(bump, run)
        await advance(0.02)
    texts = []
    while new := socket.texts():
        texts += new
        await advance(HTML_SECONDS)
    assert len(texts) == 3  # the first, the one that had to wait, and the newest
    assert texts[-1] == await truth(run)
    assert socket.closed() is None
    await socket.leave()
