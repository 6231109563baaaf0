"""Output on disk: what is kept, what can be read of it while it is written."""

import hashlib
from pathlib import Path

import pytest
from pytest_django import Settings

from runs import outputs

OURS = (1, 2, 3)


@pytest.fixture(autouse=True)
def folder(settings: Settings, tmp_path: Path) -> Path:
    settings.OUTPUTS = tmp_path
    return tmp_path


def test_output_can_be_read_while_it_is_written() -> None:
    sink = outputs.Sink(*OURS)
    sink.write(b"one\n")
    assert outputs.read(*OURS) == b"one\n"
    sink.write(b"two\n")
    assert outputs.read(*OURS, 4) == b"two\n"
    assert outputs.size(*OURS) == 8
    sink.close()


def test_nothing_printed_leaves_no_file(folder: Path) -> None:
    sink = outputs.Sink(*OURS)
    sink.write(b"")
    assert sink.close().size == 0
    assert not list(folder.iterdir())
    assert (outputs.read(*OURS), outputs.tail(*OURS, 10), outputs.size(*OURS)) == (b"", b"", 0)


def test_the_head_is_kept_up_to_the_cap(settings: Settings) -> None:
    settings.OUTPUT_MAX_BYTES = 10
    sink = outputs.Sink(*OURS)
    sink.write(b"0123456789")
    full_at_the_cap = sink.full
    sink.write(b"more")
    assert (full_at_the_cap, sink.full) == (False, True)
    kept = sink.close()
    assert (kept.size, kept.truncated) == (10, True)
    assert kept.digest == hashlib.sha256(b"0123456789").hexdigest()
    assert outputs.read(*OURS) == b"0123456789"


def test_a_write_across_the_cap_is_cut_there(settings: Settings) -> None:
    settings.OUTPUT_MAX_BYTES = 10
    sink = outputs.Sink(*OURS)
    sink.write(b"012345")
    sink.write(b"6789abcd")
    assert sink.full
    sink.close()
    assert outputs.read(*OURS) == b"0123456789"


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [(0, 3, b"012"), (3, 5, b"34"), (8, 99, b"89"), (10, None, b""), (99, None, b""), (5, 5, b""), (5, 2, b"")],
)
def test_ranges_are_cut_to_what_there_is(start: int, end: int | None, expected: bytes) -> None:
    sink = outputs.Sink(*OURS)
    sink.write(b"0123456789")
    sink.close()
    assert outputs.read(*OURS, start, end) == expected


def test_the_tail_is_the_last_that_came() -> None:
    sink = outputs.Sink(*OURS)
    sink.write(b"0123456789")
    sink.close()
    assert outputs.tail(*OURS, 4) == b"6789"
    assert outputs.tail(*OURS, 400) == b"0123456789"


def test_every_epoch_has_its_own_output() -> None:
    for epoch in (1, 2):
        sink = outputs.Sink(1, 2, epoch)
        sink.write(b"epoch %d" % epoch)
        sink.close()
    assert outputs.read(1, 2, 1) == b"epoch 1"
    assert outputs.read(1, 2, 2) == b"epoch 2"


def test_a_full_disk_counts_only_what_was_written() -> None:
    """`/dev/full` takes nothing, like a disk without room."""
    place = outputs.path(*OURS)
    place.parent.mkdir(parents=True)
    place.symlink_to("/dev/full")
    sink = outputs.Sink(*OURS)
    with pytest.raises(OSError, match="No space left"):
        sink.write(b"lost")
    assert sink.close().size == 0
