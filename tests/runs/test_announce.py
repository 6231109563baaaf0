"""Hints to the outside: few, after the commit, and never in the way."""

import asyncio

from channels.layers import get_channel_layer

from runs.announce import GROUP, _Herald


async def heard(name: str) -> list[int]:
    layer = get_channel_layer()
    assert layer is not None
    return list((await asyncio.wait_for(layer.receive(name), 10))["runs"])


async def listening() -> str:
    layer = get_channel_layer()
    assert layer is not None
    name = str(await layer.new_channel())
    await layer.group_add(GROUP, name)
    return name


async def test_many_changes_before_the_next_tick_are_one_hint() -> None:
    herald, name = _Herald(), await listening()
    herald.attach(asyncio.get_running_loop())
    for run_id in (3, 1, 3, 2):
        herald.tell(run_id)
    assert await heard(name) == [1, 2, 3]


async def test_a_change_after_a_hint_is_a_new_hint() -> None:
    herald, name = _Herald(), await listening()
    herald.attach(asyncio.get_running_loop())
    herald.tell(1)
    assert await heard(name) == [1]
    herald.tell(1)
    assert await heard(name) == [1]


async def test_a_change_in_another_thread_is_heard() -> None:
    herald, name = _Herald(), await listening()
    herald.attach(asyncio.get_running_loop())
    await asyncio.to_thread(herald.tell, 7)
    assert await heard(name) == [7]


async def test_without_a_listener_nothing_is_kept() -> None:
    herald, name = _Herald(), await listening()
    herald.tell(1)
    herald.attach(asyncio.get_running_loop())
    herald.tell(2)
    assert await heard(name) == [2]


def test_a_loop_that_has_ended_is_nobody_to_tell() -> None:
    herald = _Herald()
    loop = asyncio.new_event_loop()
    herald.attach(loop)
    loop.close()
    herald.tell(1)
    assert not herald._waiting
