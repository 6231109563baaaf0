"""Who may open a socket and how it ends, over the real application and a real database."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.utils import timezone

from dashboard.sockets import consumers, streams
from dashboard.sockets.consumers import FAULT, FORBIDDEN, RECHECK_SECONDS, TRY_LATER, UNAUTHENTICATED
from dashboard.sockets.live import hub
from dashboard.sockets.pace import JSON_SECONDS, STALLED_SECONDS
from runs.api.authentication import tokens
from runs.models import Attempt, Run, Token
from tests.dashboard.sockets.clients import Headers, Socket, by_cookie, by_token, elsewhere
from tests.dashboard.virtual_time import advance, settle
from tests.factories import token_of
from tests.scenes import Scene, bump, scene

pytestmark = [pytest.mark.virtual_time, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("sockets")]

OVERVIEW = "/ws/overview/?format=json"


def path(run: Scene, query: str = "format=json") -> str:
    return f"/ws/runs/{run.run_id}/?{query}"


async def code_of(where: str, headers: Headers) -> int | None:
    """The code a socket is closed with as soon as it is open; None when it stays."""
    socket = await Socket(where, headers).open()
    code = socket.closed()
    await socket.leave()
    return code


# ---- who may ----


async def test_who_is_signed_in_may_look_at_what_is_theirs(run: Scene, ada: User) -> None:
    socket = await Socket(path(run), await elsewhere(by_cookie, ada)).open()
    (first,) = socket.messages()
    assert first["progress"]["run"] == str(run.run_id)
    await socket.leave()


@pytest.mark.parametrize("scope", ["viewer", "operator", "admin"])
async def test_a_token_of_the_owner_may_look(run: Scene, ada: User, scope: str) -> None:
    headers = by_token(await elsewhere(token_of, ada, scope))
    assert await code_of(path(run), headers) is None
    assert await code_of(OVERVIEW, headers) is None


@pytest.mark.parametrize(
    "headers",
    [
        by_token("abr_v_" + "x" * 43),
        by_token("nonsense"),
        [(b"authorization", b"Basic YWRhOmFkYQ==")],
        [(b"authorization", b"\xff\xfe")],
        [(b"origin", b"http://127.0.0.1:8000")],
        [(b"origin", b"http://127.0.0.1:8000"), (b"cookie", b"abreast_session_8000=forged; \xff=\xff")],
    ],
)
@pytest.mark.parametrize("where", ["/ws/runs/1/", OVERVIEW])
async def test_whoever_is_nobody_is_let_in_and_told_to_sign_in(headers: Headers, where: str) -> None:
    assert await code_of(where, headers) == UNAUTHENTICATED


async def test_a_wrong_token_is_nobody_whatever_cookie_comes_with_it(run: Scene, ada: User) -> None:
    cookie = await elsewhere(by_cookie, ada)
    assert await code_of(path(run), [*cookie, *by_token("abr_v_" + "x" * 43)]) == UNAUTHENTICATED


@pytest.mark.parametrize("where", ["/ws/runs/{run}/?token={token}", "/ws/runs/{run}/?authorization=Bearer+{token}"])
async def test_a_token_in_the_address_is_no_token(run: Scene, ada: User, where: str) -> None:
    token = await elsewhere(token_of, ada)
    address = where.format(run=run.run_id, token=token)
    assert await code_of(address, [(b"origin", b"http://127.0.0.1:8000")]) == UNAUTHENTICATED


async def test_runs_of_others_and_runs_that_are_not_there_look_alike(run: Scene, eve: User) -> None:
    for headers in (by_token(await elsewhere(token_of, eve)), await elsewhere(by_cookie, eve)):
        assert await code_of(path(run), headers) == FORBIDDEN
        assert await code_of("/ws/runs/987654/", headers) == FORBIDDEN


async def test_a_token_of_one_run_sees_that_run_alone(run: Scene, ada: User) -> None:
    other = await elsewhere(scene, ada)
    headers = by_token(await elsewhere(lambda: token_of(ada, "viewer", run=run.run)))
    codes = [await code_of(where, headers) for where in (path(run), path(other), OVERVIEW)]
    assert codes == [None, FORBIDDEN, FORBIDDEN]


async def test_an_agent_sees_the_runs_it_has_leased_from_or_made(run: Scene, ada: User) -> None:
    made, foreign = await elsewhere(scene, ada), await elsewhere(scene, ada)
    headers = by_token(await elsewhere(token_of, ada, "agent"))

    def involve() -> None:
        token = Token.objects.get(scope="agent")
        run.start("k0")
        Attempt.objects.filter(run=run.run_id).update(token=token)
        Run.objects.filter(pk=made.run_id).update(made_by=token)

    await elsewhere(involve)
    codes = [await code_of(where, headers) for where in (path(run), path(made), path(foreign), OVERVIEW)]
    assert codes == [None, None, FORBIDDEN, FORBIDDEN]


# ---- and for how long ----


def revoke(ada: User) -> None:
    Token.objects.update(revoked_at=timezone.now())


def expire(ada: User) -> None:
    Token.objects.update(expires_at=timezone.now() - timedelta(seconds=1))


def sign_out(ada: User) -> None:
    Session.objects.all().delete()


def change_password(ada: User) -> None:
    ada.set_password("another")
    ada.save()


def switch_off(ada: User) -> None:
    User.objects.filter(pk=ada.pk).update(is_active=False)


@pytest.mark.parametrize(
    ("lose", "door"),
    [
        (revoke, "token"),
        (expire, "token"),
        (switch_off, "token"),
        (switch_off, "cookie"),
        (sign_out, "cookie"),
        (change_password, "cookie"),
    ],
)
async def test_who_is_nobody_any_more_is_closed_within_half_a_minute(
    run: Scene, ada: User, lose: Callable[[User], None], door: str
) -> None:
    headers = await elsewhere(by_cookie, ada) if door == "cookie" else by_token(await elsewhere(token_of, ada))
    socket = await Socket(path(run), headers).open()
    await advance(2 * RECHECK_SECONDS - 1)
    assert socket.closed() is None
    await elsewhere(lose, ada)
    tokens.forget()  # as it does within a second of real time
    await advance(2)
    assert socket.closed() == UNAUTHENTICATED
    await socket.leave()


async def test_who_may_not_see_the_run_any_more_is_closed_within_half_a_minute(
    run: Scene, me: Headers, eve: User
) -> None:
    socket = await Socket(path(run), me).open()
    await elsewhere(lambda: Run.objects.filter(pk=run.run_id).update(owner=eve))
    await advance(RECHECK_SECONDS + 1)
    assert socket.closed() == FORBIDDEN
    await socket.leave()


async def test_a_run_that_is_deleted_closes_its_sockets(
    run: Scene, me: Headers, caplog: pytest.LogCaptureFixture
) -> None:
    sockets = [await Socket(path(run, f"format={kind}"), me).open() for kind in ("json", "html")]
    await elsewhere(lambda: Run.objects.filter(pk=run.run_id).delete())
    await advance(RECHECK_SECONDS + 1)
    assert [socket.closed() for socket in sockets] == [FORBIDDEN, FORBIDDEN]
    for socket in sockets:
        await socket.leave()


# ---- how it ends ----


@pytest.mark.parametrize("kind", ["json", "html"])
async def test_a_reader_who_takes_nothing_for_ten_seconds_is_closed(run: Scene, me: Headers, kind: str) -> None:
    socket = await Socket(path(run, f"format={kind}"), me, room=1).open()
    await elsewhere(bump, run)
    await advance(STALLED_SECONDS - 0.5)
    room = hub()._rooms[(f"run {kind}", run.run_id)]
    assert room.members == 1
    await advance(1)
    assert room.members == 0
    socket.texts()
    await settle()
    assert socket.closed() == TRY_LATER
    await socket.leave()


async def test_a_reader_who_does_not_even_take_the_goodbye_is_not_waited_for(run: Scene, me: Headers) -> None:
    socket = await Socket(path(run), me, room=1).open()
    await elsewhere(bump, run)
    await advance(STALLED_SECONDS + consumers.GOODBYE_SECONDS + 1)
    assert len(socket.texts()) == 1
    await settle()
    assert socket.closed() is None
    await socket.leave()


async def test_a_reader_who_leaves_leaves_nothing_behind(run: Scene, me: Headers) -> None:
    before = len(asyncio.all_tasks())
    for kind in ("json", "html"):
        socket = await Socket(path(run, f"format={kind}"), me).open()
        room = hub()._rooms[(f"run {kind}", run.run_id)]
        assert room.members == 1
        await socket.leave()
        assert room.members == 0
    socket = await Socket(path(run), me).open()
    socket.future.cancel()  # as servers do with those that take too long
    await settle()
    hub_tasks = 3  # its ear, which stays: listening, and staying in the group
    assert len(asyncio.all_tasks()) == before + hub_tasks


async def test_a_client_that_has_gone_is_no_fault(
    run: Scene, me: Headers, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    socket = await Socket(path(run), me).open()

    async def gone(message: Any) -> None:
        raise OSError("the client has gone")

    monkeypatch.setattr(socket.output_queue, "put", gone)
    await elsewhere(bump, run)
    await advance(1)
    assert caplog.records == []
    await socket.leave()


async def test_a_fault_of_ours_is_logged_and_closes_the_socket(
    run: Scene, me: Headers, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(streams, "first_frame", fail)
    assert await code_of(path(run), me) == FAULT
    assert f"the socket /ws/runs/{run.run_id}/ failed" in caplog.text
    assert "ZeroDivisionError" in caplog.text


# ---- what clients say ----


async def test_nothing_is_taken_from_clients(run: Scene, me: Headers) -> None:
    socket = await Socket(path(run), me).open()
    assert len(socket.messages()) == 1
    for text in ("hello", "{", '{"type": "close"}', "\0", "x" * 60_000):
        await socket.send_to(text_data=text)
    await socket.send_to(bytes_data=b"\xff\x00")
    await elsewhere(bump, run)
    await advance(JSON_SECONDS)
    assert [message["type"] for message in socket.messages()] == ["events"]
    assert socket.closed() is None
    await socket.leave()


# ---- the overview ----


async def test_the_overview_shows_all_runs_that_have_not_ended(run: Scene, ada: User, me: Headers) -> None:
    socket = await Socket(OVERVIEW, me).open()
    (first,) = socket.messages()
    assert [shown["run"] for shown in first["runs"]] == [str(run.run_id)]
    other = await elsewhere(scene, ada, ["a"])
    await advance(1)
    assert [shown["run"] for shown in socket.messages()[-1]["runs"]] == [str(other.run_id), str(run.run_id)]

    def finish() -> None:
        other.start("a")
        other.complete("a")

    await elsewhere(finish)
    await advance(1)
    last = socket.messages()[-1]
    assert (last["type"], [shown["run"] for shown in last["runs"]]) == ("snapshot", [str(run.run_id)])
    await socket.leave()


async def test_the_overview_of_one_person_says_nothing_of_another(run: Scene, eve: User) -> None:
    socket = await Socket(OVERVIEW, by_token(await elsewhere(token_of, eve, "viewer"))).open()
    assert [message["runs"] for message in socket.messages()] == [[]]
    await elsewhere(run.start, "k0")
    await advance(1)
    assert [message["runs"] for message in socket.messages()] == [[]]
    await socket.leave()


async def test_a_browser_on_the_overview_gets_two_frames_a_second_at_most(run: Scene, me: Headers) -> None:
    socket = await Socket("/ws/overview/", me).open()
    assert len(socket.texts()) == 1
    for _ in range(30):
        await elsewhere(bump, run)
        await advance(0.1)
    assert 5 <= len(socket.texts()) <= 7
    await socket.leave()
