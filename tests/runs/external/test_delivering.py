"""Answers of the ledger come into the event loop: those of one moment together, each to whoever waits for it."""

import asyncio
from concurrent.futures import Future
from typing import Any

import pytest

from runs.external.delivering import _LetterBox


class Counting:
    """The running loop, that counts how often another thread wakes it."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.woken = 0

    def create_future(self) -> "asyncio.Future[Any]":
        return self.loop.create_future()

    def call_soon_threadsafe(self, call: Any) -> None:
        self.woken += 1
        self.loop.call_soon_threadsafe(call)


async def test_answers_of_one_moment_wake_the_loop_once() -> None:
    loop = Counting()
    box = _LetterBox(loop)  # type: ignore[arg-type]
    answers: list[Future[Any]] = [Future() for _ in range(20)]
    waiting = [box.heard(answer) for answer in answers]
    for answer in answers:
        answer.set_result(None)
    await asyncio.wait_for(asyncio.gather(*waiting), 30)
    assert loop.woken == 1


async def test_what_comes_later_wakes_it_again() -> None:
    loop = Counting()
    box = _LetterBox(loop)  # type: ignore[arg-type]
    for _ in range(3):
        answer: Future[Any] = Future()
        waits = box.heard(answer)
        await asyncio.to_thread(answer.set_result, None)
        await asyncio.wait_for(waits, 30)
    assert loop.woken == 3


async def test_a_failure_reaches_who_waits_for_it_and_nobody_else() -> None:
    box = _LetterBox(asyncio.get_running_loop())
    bad: Future[Any] = Future()
    good: Future[Any] = Future()
    first, second = box.heard(bad), box.heard(good)
    bad.set_exception(ValueError("no"))
    good.set_result(None)
    await asyncio.wait_for(second, 30)
    with pytest.raises(ValueError, match="no"):
        await first


async def test_who_has_given_up_keeps_nobody_waiting() -> None:
    box = _LetterBox(asyncio.get_running_loop())
    answers: list[Future[Any]] = [Future(), Future()]
    gone, stays = (box.heard(answer) for answer in answers)
    gone.cancel()
    for answer in answers:
        answer.set_result(None)
    await asyncio.wait_for(stays, 30)
    assert gone.cancelled()


def test_a_loop_that_has_ended_is_nobody_to_tell() -> None:
    loop = asyncio.new_event_loop()
    answer: Future[Any] = Future()
    waits = _LetterBox(loop).heard(answer)
    loop.close()
    answer.set_result(None)
    assert not waits.done()
