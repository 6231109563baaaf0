"""Files below a root, by both ways of opening: the kernel's, and the walk that stands in for it."""

import collections
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from todos import beneath, paths

WAYS = [beneath.open_by_walking]
if beneath.opener() is beneath.open_by_kernel:
    WAYS.append(beneath.open_by_kernel)

MOST = 1024


@pytest.fixture(params=WAYS, ids=lambda way: way.__name__, autouse=True)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beneath, "opener", lambda: request.param)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A tree with a secret beside it."""
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "file.txt").write_text("secret")
    root = tmp_path / "root"
    (root / "folder" / "below").mkdir(parents=True)
    (root / "file.txt").write_text("ours")
    (root / "folder" / "file.txt").write_text("ours")
    return root


def read(root: Path, path: str) -> bytes:
    return paths.read_below(root, path, max_bytes=MOST)


@pytest.mark.parametrize(
    "path", ["file.txt", "./file.txt", "folder/file.txt", "folder//file.txt", "folder/../file.txt"]
)
def test_a_file_below_the_root_is_read(root: Path, path: str) -> None:
    assert read(root, path) == b"ours"


@pytest.mark.parametrize(
    "path",
    [
        "../secret.txt",
        "folder/../../secret.txt",
        "/etc/passwd",
        "..",
        "folder/below/../../../secret.txt",
        "//etc/passwd",
    ],
)
def test_a_path_that_leads_out_is_refused(root: Path, path: str) -> None:
    with pytest.raises(paths.OutsideError):
        read(root, path)


@pytest.mark.parametrize(
    ("link", "target", "path"),
    [
        ("out.txt", "../secret.txt", "out.txt"),
        ("out", "../elsewhere", "out/file.txt"),
        ("absolute.txt", "/etc/passwd", "absolute.txt"),
        ("absolute", "/etc", "absolute/passwd"),
        ("up", "..", "up/secret.txt"),
        ("loop", "loop", "loop"),
        ("environment", "/proc/self/environ", "environment"),
        ("folder/out.txt", "../../secret.txt", "folder/out.txt"),
    ],
)
def test_a_link_that_leads_out_is_refused(root: Path, link: str, target: str, path: str) -> None:
    (root / link).symlink_to(target)
    with pytest.raises(paths.OutsideError):
        read(root, path)


@pytest.mark.parametrize(
    ("link", "target", "path"),
    [
        ("inside.txt", "folder/file.txt", "inside.txt"),
        ("inside", "folder", "inside/file.txt"),
        ("folder/back", "..", "folder/back/file.txt"),
        ("folder/below/two", "../../folder/file.txt", "folder/below/two"),
        ("folder/below/here", ".", "folder/below/here/../file.txt"),
    ],
)
def test_a_link_that_stays_inside_is_followed(root: Path, link: str, target: str, path: str) -> None:
    (root / link).symlink_to(target)
    assert read(root, path) == b"ours"


@pytest.mark.parametrize("path", ["", "a\0b", "n" * 300, "folder/" + "n" * 300, "x/" * 3000, "\ud800"])
def test_what_cannot_be_a_path_is_refused(root: Path, path: str) -> None:
    with pytest.raises((paths.InvalidPathError, paths.MissingError)) as refused:
        read(root, path)
    assert len(str(refused.value)) < 1000


@pytest.mark.parametrize("path", ["nothing.txt", "folder/nothing", "nothing/../file.txt"])
def test_what_does_not_exist_is_said_to_be_missing(root: Path, path: str) -> None:
    with pytest.raises(paths.MissingError):
        read(root, path)


@pytest.mark.parametrize("path", ["file.txt/", "file.txt/below", "file.txt/."])
def test_a_file_is_no_folder(root: Path, path: str) -> None:
    with pytest.raises(paths.NotAFolderError):
        read(root, path)


def test_a_fifo_is_refused_without_waiting(root: Path) -> None:
    os.mkfifo(root / "fifo")
    with pytest.raises(paths.NotAFileError):
        read(root, "fifo")


def test_folders_and_sockets_are_not_files(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)  # the name of a socket may have 108 bytes at most
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")
        for path in ("folder", ".", "socket"):
            with pytest.raises(paths.NotAFileError):
                read(root, path)


@pytest.mark.parametrize("path", ["null", "zero", "tty", "fd/0", "stdin"])
def test_devices_are_never_files(path: str) -> None:
    with pytest.raises(paths.PathError):
        read(Path("/dev"), path)


@pytest.mark.parametrize(
    ("root", "path"),
    [("/proc", "self/environ"), ("/", "proc/self/environ"), ("/proc/self", "environ"), ("/proc", "1/root/etc/passwd")],
)
def test_what_the_kernel_tells_is_not_opened(root: str, path: str) -> None:
    with pytest.raises(paths.PathError):
        read(Path(root), path)


def test_a_file_over_the_size_is_refused(root: Path) -> None:
    (root / "exact").write_bytes(b"x" * MOST)
    (root / "over").write_bytes(b"x" * (MOST + 1))
    assert len(read(root, "exact")) == MOST
    with pytest.raises(paths.TooLargeError):
        read(root, "over")


def test_a_folder_is_told_from_a_file(root: Path) -> None:
    paths.check_folder(root, ".")
    paths.check_folder(root, "folder/below")
    with pytest.raises(paths.NotAFolderError):
        paths.check_folder(root, "file.txt")
    with pytest.raises(paths.OutsideError):
        paths.check_folder(root, "..")


@pytest.fixture
def swapping(root: Path) -> Iterator[None]:
    """Somebody who swaps `swapped` for a link that leads out, and back, as fast as they can."""
    (root / "swapped").mkdir()
    (root / "swapped" / "file.txt").write_text("ours")
    (root / "link").symlink_to("../elsewhere")
    done = threading.Event()

    def swap() -> None:
        while not done.is_set():
            (root / "swapped").rename(root / "aside")
            (root / "link").rename(root / "swapped")
            (root / "aside").rename(root / "link")

    thread = threading.Thread(target=swap)
    thread.start()
    yield
    done.set()
    thread.join()


@pytest.mark.usefixtures("swapping")
def test_a_swapped_directory_never_shows_the_outside(root: Path) -> None:
    seen: collections.Counter[bytes | type[Exception]] = collections.Counter()
    refusals = {paths.OutsideError, paths.MissingError}  # both only come up while the link is there, or neither
    while seen.total() < 1000 or not (seen[b"ours"] and refusals & seen.keys()):
        try:
            seen[read(root, "swapped/file.txt")] += 1
        except paths.PathError as error:
            seen[type(error)] += 1
    assert not seen[b"secret"]


def test_files_are_listed_folder_by_folder(root: Path) -> None:
    (root / "folder" / "below" / "a.py").write_text("1")
    assert paths.list_below(root).files == [
        paths.File("file.txt", 4),
        paths.File("folder/file.txt", 4),
        paths.File("folder/below/a.py", 1),
    ]
    assert [file.path for file in paths.list_below(root, "folder/below").files] == ["folder/below/a.py"]
    assert [file.path for file in paths.list_below(root, suffixes=[".py"]).files] == ["folder/below/a.py"]


def test_version_control_environments_and_caches_are_not_listed(root: Path) -> None:
    for name in (".git", ".venv", "__pycache__", "node_modules", "var", "folder/__pycache__", "env"):
        (root / name).mkdir()
        (root / name / "a.py").write_text("1")
    (root / "env" / "pyvenv.cfg").write_text("")
    (root / "folder" / "var").mkdir()
    (root / "folder" / "var" / "a.py").write_text("1")
    assert [file.path for file in paths.list_below(root, suffixes=[".py"]).files] == ["folder/var/a.py"]


def test_links_and_special_files_are_not_listed(root: Path) -> None:
    (root / "out").symlink_to("../elsewhere")
    (root / "inside").symlink_to("folder")
    (root / "folder" / "loop").symlink_to("..")
    os.mkfifo(root / "fifo")
    (root / os.fsdecode(b"no-text-\xff")).write_text("")
    assert [file.path for file in paths.list_below(root).files] == ["file.txt", "folder/file.txt"]


def test_a_listing_stops_at_its_limits(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not paths.list_below(root, limit=2).truncated
    short = paths.list_below(root, limit=1)
    assert (len(short.files), short.truncated) == (1, True)
    deep = root
    for _ in range(5):
        deep = deep / "d"
        deep.mkdir()
        (deep / "f").write_text("")
    monkeypatch.setattr(paths, "MAX_DEPTH", 3)
    assert len(paths.list_below(root, "d").files) == 4
    monkeypatch.setattr(paths, "MAX_VISITED", 2)
    assert paths.list_below(root).truncated


def test_a_folder_outside_is_not_listed(root: Path) -> None:
    with pytest.raises(paths.OutsideError):
        paths.list_below(root, "../elsewhere")
    with pytest.raises(paths.MissingError):
        paths.list_below(root / "nothing")
