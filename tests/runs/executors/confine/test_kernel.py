"""Calls to the kernel: what they raise."""

import errno

import pytest

from runs.executors.confine import kernel


def test_a_refused_call_raises_with_its_name() -> None:
    with pytest.raises(OSError, match="umount /nowhere") as raised:
        kernel.unmount("/nowhere")
    assert raised.value.errno in (errno.ENOENT, errno.EPERM)


def test_a_call_that_succeeds_gives_its_answer() -> None:
    kernel.prctl(kernel.SET_DUMPABLE, 1)
    assert kernel.checked(7, "anything") == 7
