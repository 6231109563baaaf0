"""The executor `search`: what it finds, what it never looks at, and what cannot hang or break it."""

import os
import shutil
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from runs.executors import search
from runs.executors.base import Failed, Job, Stop, Stopped
from runs.executors.calls import Task
from runs.executors.results import encode
from runs.executors.search import listing, ripgrep, strategies, team
from tests.runs.executors.conftest import Kept
from tests.runs.executors.search.conftest import Find, places


def test_all_strategies_find_what_is_theirs(tree: Path, find: Find) -> None:
    found = find("Loader")
    assert places(find("Loader", "content")) == {
        ("app/loader.py", 4),
        ("app/main.py", 1),
        ("app/main.py", 4),
        ("web/loader.js", 2),
    }
    assert places(find("loader", "files")) == {("app/loader.py", None), ("web/loader.js", None)}
    assert places(find("Loader", "symbols")) == {("app/loader.py", 4), ("web/loader.js", 2)}
    assert places(find("loader", "imports")) == {("app/main.py", 1)}
    assert [match["strategy"] for match in found["matches"][:2]] == ["symbols", "symbols"]
    assert set(found) == {"matches", "files", "truncated", "failed_strategies", "printed"}
    assert (found["files"], found["truncated"], found["failed_strategies"]) == (
        ["app/loader.py", "web/loader.js", "app/main.py"],
        False,
        [],
    )


def test_a_match_says_all_that_the_contract_says(tree: Path, find: Find) -> None:
    [match] = find("def load", "content")["matches"]
    assert match == {
        "path": "app/loader.py",
        "line": 5,
        "text": "def load(self):",
        "strategy": "content",
        "score": pytest.approx(1 / 61, abs=1e-6),
    }


def test_without_capitals_it_matches_them_too(tree: Path, find: Find) -> None:
    assert ("notes.txt", 1) in places(find("loader", "content"))
    assert ("app/main.py", 4) in places(find("loader", "content"))
    assert ("notes.txt", 1) not in places(find("Loader", "content"))


def test_a_folder_narrows_it(tree: Path, find: Find) -> None:
    assert find("Loader", path="web")["files"] == ["web/loader.js"]
    assert find("Loader", path="built")["files"] == ["built/loader.py"]  # asked for by name


def test_what_is_found_streams_line_by_line(tree: Path, find: Find) -> None:
    printed = find("Loader")["printed"].splitlines()
    assert "symbols app/loader.py:4: class Loader:" in printed
    assert "content app/main.py:4: print(Loader().load())" in printed
    assert {line.partition(" ")[0] for line in printed} == {"symbols", "content", "imports"}


def test_names_and_lines_cannot_forge_output(workspace: Path, find: Find) -> None:
    (workspace / "a\nsymbols forged.py:1: x\x1b[2J.txt").write_text("needle \x1b]8;;x\x07\rnext")
    printed = find("needle")["printed"]
    assert printed.count("\n") == 1
    assert "\x1b" not in printed


def test_the_lines_are_those_of_grep(find: Find, workspace: Path) -> None:
    workspace.rmdir()
    workspace.symlink_to(Path(strategies.__file__).parent.parent)
    for query in ("import", "self._", "None:", "xyzzy", "'"):
        grep = subprocess.run(
            ["grep", "-rnIF", "--include=*.py", *([] if query != query.lower() else ["-i"]), "-e", query, "."],
            cwd=workspace.resolve(),
            capture_output=True,
            env={"LC_ALL": "C"},
        )
        expected = {
            (path[2:], int(line)) for path, line, _ in (row.split(":", 2) for row in grep.stdout.decode().splitlines())
        }
        assert places(find(query, "content")) == expected, query


# ---- what it is asked ----


@pytest.mark.parametrize(
    "spec",
    [
        {"query": None},
        {"query": ""},
        {"query": " "},
        {"query": "a\nb"},
        {"query": "a\0"},
        {"query": "\ud800"},
        {"query": "a", "path": 7},
        {"query": "a", "path": "../.."},
        {"query": "a", "path": "/etc"},
        {"query": "a", "path": "nothing"},
        {"query": "a", "path": "notes.txt"},
        {"query": "a", "path": "n" * 300},
        {"query": "a", "path": "out"},
        {"query": "a", "path": "a\0b"},
        {"query": "a", "strategies": ["magic"]},
        {"query": "a", "strategies": "content"},
    ],
)
def test_what_cannot_be_searched_fails_for_good(tree: Path, home: Path, spec: dict[str, Any]) -> None:
    (tree / "out").symlink_to("/etc")
    with pytest.raises(Failed) as failed:
        search.run(Job(spec, workspace=tree))
    assert (failed.value.retryable, bool(failed.value.error)) == (False, True)


@pytest.mark.parametrize(
    "query", ["-rf", "--help", "$(touch canary)", "`touch canary`", "; touch canary", "'\"", "%s", "a AND b", '"', "*"]
)
def test_a_query_is_only_ever_looked_for(tree: Path, find: Find, query: str) -> None:
    (tree / "odd.txt").write_text(f"before\n  {query}  \n")
    assert ("odd.txt", 2) in places(find(query))
    assert not (tree / "canary").exists()


# ---- what it never looks at ----


def test_nothing_leads_out_and_nothing_hangs(tmp_path: Path, workspace: Path, find: Find) -> None:
    (tmp_path / "secret.txt").write_text("needle")
    (workspace / "link.txt").symlink_to("../secret.txt")
    (workspace / "folder").symlink_to("..")
    (workspace / "proc").symlink_to("/proc")
    os.mkfifo(workspace / "needle.fifo")
    os.mkfifo(workspace / ".gitignore")
    (workspace / ("n" * 250)).write_text("needle")
    (workspace / "binary").write_bytes(b"needle\0")
    (workspace / "huge.txt").write_bytes(b"needle\n" + b"x" * (4 * 1024 * 1024))
    Path(os.fsdecode(os.fsencode(workspace) + b"/caf\xe9.txt")).write_text("needle")
    (workspace / "latin.txt").write_bytes(b"caf\xe9 needle")
    found = find("needle")
    assert places(found) == {("n" * 250, 1), ("latin.txt", 1)}
    assert (found["truncated"], found["failed_strategies"]) == (False, [])


def test_a_device_is_not_opened(workspace: Path, find: Find) -> None:
    try:
        os.mknod(workspace / "needle.dev", 0o600 | 0o020000, os.makedev(1, 5))  # /dev/zero
    except PermissionError:
        pytest.skip("only root makes devices")
    assert find("needle")["matches"] == []


def test_the_home_folder_of_the_server_is_not_searched(workspace: Path, settings: Settings, find: Find) -> None:
    settings.HOME = workspace / "data"
    (workspace / "data").mkdir()
    (workspace / "data/secret_key").write_text("needle")
    (workspace / "data.txt").write_text("needle")
    assert find("needle")["files"] == ["data.txt"]


# ---- limits ----


def test_of_very_many_lines_the_best_are_answered(workspace: Path, find: Find) -> None:
    (workspace / "many.txt").write_text("needle\n" * 60_000)
    (workspace / "word.txt").write_text("needle\n")
    found = find("needle", "content")
    assert (len(found["matches"]), found["files"], found["truncated"]) == (1_000, ["many.txt", "word.txt"], True)
    assert {match["path"] for match in found["matches"][:2]} == {"many.txt", "word.txt"}
    assert found["printed"].count("\n") == 1_000


def test_a_result_fits_whatever_is_found(workspace: Path, find: Find, settings: Settings) -> None:
    settings.RESULT_MAX_BYTES = 50_000
    for at in range(300):
        (workspace / f"{'ä' * 100}{at}.txt").write_text("needle\n" * 10)
    found = find("needle")
    found.pop("printed")
    assert found["truncated"]
    assert len(encode(found, 50_000)) > 30_000


def test_who_has_used_its_time_answers_with_what_it_has(workspace: Path, find: Find, settings: Settings) -> None:
    settings.SEARCH_CPU_SECONDS = strategies.SPARE_SECONDS
    (workspace / "a.txt").write_text("needle")
    found = find("needle", "content")
    assert (found["matches"], found["truncated"], found["failed_strategies"]) == ([], True, [])


# ---- failures ----


@pytest.fixture
def bomb(monkeypatch: pytest.MonkeyPatch, workspace: Path) -> None:
    """Parsing takes for ever: a module of the children's that is replaced, as no file is known that does it."""
    monkeypatch.setattr(team, "MODULES", [*team.MODULES, "tests.runs.executors.search.hanging"])
    monkeypatch.setattr(team, "_kept", [])
    (workspace / "a.py").write_text("class Needle: pass\n")


def test_a_strategy_that_is_killed_does_not_lose_the_others(bomb: None, find: Find, settings: Settings) -> None:
    settings.SEARCH_CPU_SECONDS = 1.0 + strategies.SPARE_SECONDS
    found = find("Needle")
    assert (found["failed_strategies"], places(found)) == (["symbols"], {("a.py", 1)})
    assert "symbols failed: used more than 2 s of processor time" in found["printed"]
    with pytest.raises(Failed, match="symbols: used more than 2 s of processor time"):
        find("Needle", "symbols")


def test_a_strategy_that_takes_too_long_does_not_lose_the_others(bomb: None, find: Find, settings: Settings) -> None:
    settings.SEARCH_CPU_SECONDS = 100.0
    find("Needle", "content", "files", "imports")  # their children need not start within the three seconds
    settings.SEARCH_SECONDS = 3.0
    found = find("Needle")
    assert (found["failed_strategies"], places(found)) == (["symbols"], {("a.py", 1)})
    assert "symbols failed: took more than 3 s" in found["printed"]


def test_this_process_goes_on_meanwhile(bomb: None, find: Find, settings: Settings) -> None:
    settings.SEARCH_CPU_SECONDS = 1.0 + strategies.SPARE_SECONDS
    gaps, done = [0.0], threading.Event()

    def beat() -> None:
        """Measures what this process itself computes between two beats: others may keep it waiting for longer."""
        last = time.process_time()
        while not done.wait(0.01):
            gaps.append(time.process_time() - last)
            last = time.process_time()

    heart = threading.Thread(target=beat)
    heart.start()
    find("Needle")
    done.set()
    heart.join()
    assert max(gaps) < 0.5


def test_it_stops_when_it_is_told_to(bomb: None, workspace: Path, home: Path, settings: Settings) -> None:
    settings.SEARCH_SECONDS = settings.SEARCH_CPU_SECONDS = 100.0
    kept, begun = Kept(), time.monotonic()
    job = Job({"query": "Needle", "strategies": ["symbols", "content"]}, workspace=workspace, output=kept)
    kept.stop_at(b"content a.py:1", job, Stop.CANCEL)
    with pytest.raises(Stopped) as stopped:
        search.run(job)
    assert stopped.value.why is Stop.CANCEL
    assert time.monotonic() - begun < 30


def test_children_are_kept_for_the_next_search(tree: Path, find: Find, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(team, "_kept", [])  # those of other tests may have used up their time
    find("Loader")
    before = list(team._kept)
    find("Loader")
    assert set(team._kept) == set(before)
    assert 1 <= len(before) <= team.MOST_KEPT


# ---- with ripgrep ----


@pytest.mark.parametrize("query", ["self", "Job", "os.", "import", "xyzzy", "-e", "'", "->", "ä", "É", "Needle(query)"])
def test_with_ripgrep_or_without_it_the_answer_is_the_same(
    tree: Path, find: Find, monkeypatch: pytest.MonkeyPatch, query: str
) -> None:
    """Where it is not installed, this is about a program in its place that fails."""
    shutil.copytree(Path(search.__file__).parent.parent, tree / "executors")
    (tree / "odd.txt").write_bytes(b"\xff\xfes\0e\0l\0f\0\nself\n")
    (tree / "-e").write_text("self -e É ä\n")
    found = {}
    for name in (ripgrep.program() or shutil.which("ls"), None):
        monkeypatch.setattr(ripgrep, "program", lambda name=name: name)
        monkeypatch.setattr(ripgrep, "WORTH_FILES", 1)
        place, _ = listing.take(tree, ".", tree / "none")
        place.write(tree.parent / "list")
        found[name] = [
            strategy(Task(tree), query, listing=str(tree.parent / "list"), home="none", seconds=1_000)
            for strategy in (strategies.content, strategies.symbols, strategies.imports)
        ]
    first, second = found.values()
    assert first == second
