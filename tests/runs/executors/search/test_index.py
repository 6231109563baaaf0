"""The index: it never changes an answer, only how soon it comes."""

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from runs.executors import python, search
from runs.executors.base import Job
from runs.executors.calls import Task
from runs.executors.search import background, listing, names, stamps, strategies, team
from runs.executors.search.index import build, store
from tests.runs.executors.search.conftest import FILES, Find, places
from todos import paths

MANY = 512 * 1024 * 1024
QUERIES = ("Loader", "loader", "load", "os.name", "x", "ad", "app.loader", "nothing", '"', "é", "zzz", "def load(")


@pytest.fixture
def later() -> float:
    """A time at which all files have come to rest."""
    return stamps.now() + 3_600


@pytest.fixture
def take_in(workspace: Path, home: Path, later: float) -> Any:
    def take_in(most: int = MANY) -> dict[str, Any]:
        return build.update(workspace, home, most, now=later)

    return take_in


def unknown(workspace: Path, home: Path) -> set[str]:
    found, _ = listing.take(workspace, ".", home)
    return set(found.unknown)


def stale(workspace: Path, home: Path) -> bool:
    return listing.take(workspace, ".", home)[1]


def answers(find: Find) -> list[dict[str, Any]]:
    """Of all queries, without what streams: its order is that of reading."""
    found = [find(query) for query in QUERIES]
    for one in found:
        one["printed"] = sorted(one["printed"].splitlines())
    return found


@pytest.mark.parametrize("trigrams", [True, False])
def test_answers_are_the_same_with_it(
    tree: Path, home: Path, find: Find, take_in: Any, trigrams: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tree / "odd.py").write_text('import a\n# "é" É\nclass Loadé: "x"\n[[[')
    monkeypatch.setattr(store, "has_trigrams", lambda: trigrams)
    without = answers(find)
    assert take_in() == {"files": 6, "taken": 6}
    assert unknown(tree, home) == set()
    assert answers(find) == without
    with store.reading(store.place(home, tree)) as reader:
        assert list(reader.may_have("print(Load") or []) == ["app/main.py"]


def test_this_sqlite_has_trigrams() -> None:
    assert store.has_trigrams() is (sqlite3.sqlite_version_info >= (3, 34))


def test_only_files_that_may_have_it_are_read(
    tree: Path, home: Path, take_in: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    take_in()
    found, _ = listing.take(tree, ".", home)
    found.write(tmp_path / "list")
    read: list[str] = []
    original = paths.read_below

    def read_below(root: Path, path: str, *, max_bytes: int) -> bytes:
        read.append(path)
        return original(root, path, max_bytes=max_bytes)

    monkeypatch.setattr(paths, "read_below", read_below)
    strategies.content(Task(tree), "print(", listing=str(tmp_path / "list"), home=str(home), seconds=1_000)
    strategies.symbols(Task(tree), "load", listing=str(tmp_path / "list"), home=str(home), seconds=1_000)
    assert read == ["app/main.py"]


# ---- what changes ----


def changes() -> Iterator[Any]:
    def edit(tree: Path) -> None:
        (tree / "notes.txt").write_text("class Loader, now\nLoader\n")

    def edit_in_place_at_the_same_size(tree: Path) -> None:
        times = (tree / "app/main.py").stat()
        text = (tree / "app/main.py").read_text()
        (tree / "app/main.py").write_text(text.replace("Loader().load", "Reader().load"))
        os.utime(tree / "app/main.py", ns=(times.st_atime_ns, times.st_mtime_ns))

    def replace(tree: Path) -> None:
        (tree / "new").write_text("class Loader: pass\n")
        (tree / "new").rename(tree / "app/main.py")

    def add(tree: Path) -> None:
        (tree / "app/deep").mkdir()
        (tree / "app/deep/new.py").write_text("class Loader: pass\n")

    def remove(tree: Path) -> None:
        (tree / "app/main.py").unlink()

    def ignore(tree: Path) -> None:
        (tree / ".gitignore").write_text("app/\n*.log\n/built/\n")

    def ignore_below(tree: Path) -> None:
        (tree / "app/.gitignore").write_text("loader.py\n")

    def link(tree: Path) -> None:
        (tree / "app/main.py").unlink()
        (tree / "app/main.py").symlink_to("../run.log")

    def empty(tree: Path) -> None:
        (tree / "app/main.py").write_text("")

    yield from (value for value in locals().values() if callable(value))


@pytest.mark.parametrize("change", list(changes()), ids=lambda change: change.__name__)
def test_what_has_changed_is_seen_at_once(
    tree: Path, home: Path, find: Find, take_in: Any, later: float, change: Any
) -> None:
    take_in()
    change(tree)
    behind = answers(find)
    assert stale(tree, home)
    take_in()
    assert answers(find) == behind
    assert not stale(tree, home)
    store.remove(store.place(home, tree))
    assert answers(find) == behind


def test_only_what_has_changed_is_taken_in_again(tree: Path, take_in: Any, later: float) -> None:
    assert take_in()["taken"] == len(FILES) - 2  # two are ignored
    assert take_in()["taken"] == 0
    os.utime(tree / "notes.txt", (later, later))  # touched, not changed
    assert take_in()["taken"] == 0
    (tree / "notes.txt").write_text("Loader")
    assert take_in()["taken"] == 1


def test_what_changed_just_now_is_not_trusted(tree: Path, home: Path) -> None:
    build.update(tree, home, MANY)
    assert unknown(tree, home) == {path for path in FILES if path not in ("run.log", "built/loader.py")}
    assert stale(tree, home)


def test_one_that_is_mostly_of_former_files_is_made_anew(
    tree: Path, home: Path, take_in: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "MOST_LEFT_BEHIND", 1)
    take_in()
    for at in range(10):
        for path in ("app/main.py", "notes.txt", "web/loader.js"):
            (tree / path).write_text(f"Loader {at}")
        take_in()
        if not store.place(home, tree).exists():
            break
    assert at == 1  # six numbers without a file, and five with one
    take_in()
    assert unknown(tree, home) == set()


def test_what_it_has_no_room_for_is_read_each_time(tree: Path, home: Path, find: Find, take_in: Any) -> None:
    without = answers(find)
    assert take_in(most=1)["taken"] == 0
    assert len(unknown(tree, home)) == len(FILES) - 2
    assert not stale(tree, home)  # or it would be tried after each search
    assert answers(find) == without


# ---- what goes wrong ----


def damages() -> Iterator[Any]:
    def cut(place: Path) -> None:
        os.truncate(place, place.stat().st_size // 2)

    def overwrite(place: Path) -> None:
        place.write_bytes(b"no database at all" * 1_000)

    def scribble(place: Path) -> None:
        data = bytearray(place.read_bytes())
        data[4096:-4096] = b"\xa5" * (len(data) - 8192)
        place.write_bytes(data)

    def empty(place: Path) -> None:
        place.write_bytes(b"")

    def other_version(place: Path) -> None:
        with closing(sqlite3.connect(place)) as database:
            database.execute("PRAGMA user_version = 99")

    def drop(place: Path) -> None:
        with closing(sqlite3.connect(place)) as database:
            database.execute("DROP TABLE names")

    yield from (value for value in locals().values() if callable(value))


@pytest.mark.parametrize("damage", list(damages()), ids=lambda damage: damage.__name__)
def test_one_that_is_damaged_is_thrown_away(tree: Path, home: Path, find: Find, take_in: Any, damage: Any) -> None:
    without = answers(find)
    take_in()
    damage(store.place(home, tree))
    assert answers(find) == without
    take_in()
    assert answers(find) == without
    assert unknown(tree, home) == set()


def test_one_that_was_made_anew_meanwhile_is_not_asked(tree: Path, home: Path, take_in: Any, tmp_path: Path) -> None:
    take_in()
    found, _ = listing.take(tree, ".", home)
    found.write(tmp_path / "list")
    store.remove(store.place(home, tree))
    store.make(store.place(home, tree), trigrams=True).close()
    for strategy in (strategies.content, strategies.symbols):
        answer = strategy(Task(tree), "load", listing=str(tmp_path / "list"), home=str(home), seconds=1_000)
        assert "app/loader.py" in answer["files"]


def test_two_do_not_write_it_at_once(tree: Path, home: Path, take_in: Any) -> None:
    take_in()
    with store.place(home, tree).with_suffix(".lock").open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(build.Busy):
            take_in()
        answer = strategies.build_index(Task(tree), home=str(home), max_bytes=MANY, seconds=1_000)
        assert answer["busy"]
    take_in()


def test_a_file_that_ends_the_process_is_given_up_and_the_others_are_taken_in(
    tree: Path, home: Path, take_in: Any, monkeypatch: pytest.MonkeyPatch, later: float
) -> None:
    original = names.both

    def both(path: str, data: bytes, tags: Any) -> Any:
        if path == "web/loader.js":
            raise KeyboardInterrupt  # nothing is written down after this, as if it had been killed
        return original(path, data, tags)

    monkeypatch.setattr(names, "both", both)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            take_in()
    take_in()
    assert unknown(tree, home) == {"web/loader.js"}
    assert not stale(tree, home)
    monkeypatch.undo()
    (tree / "web/loader.js").write_text("class Other {}")
    assert stale(tree, home)
    take_in()
    assert unknown(tree, home) == set()


# ---- beside the searches of a server ----


@pytest.fixture
def server(home: Path, tree: Path) -> Iterator[Path]:
    """Files that have come to rest; what is under way at the end is ended."""
    for path in [tree, *tree.rglob("*")]:
        assert path.stat().st_ctime
    yield tree
    background.stop()
    python.close_all()


def test_the_first_search_has_it_built_and_it_outlives_the_children(
    server: Path, home: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(background, "_ended", -background.REST_SECONDS)
    first = search.run(Job({"query": "Loader"}, workspace=server)).result
    background.wait()
    assert store.place(home, server).exists()
    python.close_all()
    team._kept.clear()
    again = search.run(Job({"query": "Loader"}, workspace=server)).result
    assert again == first
    assert places(again)


def test_stopping_the_server_ends_it(server: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "_ended", -background.REST_SECONDS)
    background.want(server)
    background.stop()
    assert background._job is None
    assert background._thread is not None
    assert not background._thread.is_alive()
