"""The executor `python`: calls in a child process, and what becomes of those that misbehave."""

import os
import subprocess
import sys
import threading
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import psutil
import pytest
from pytest_django import Settings

from runs import outputs
from runs.executors import python
from runs.executors.base import Failed, Job, Stop, Stopped
from runs.executors.child import ROOT
from tests.runs.executors.conftest import Kept, gone, survivors


@pytest.fixture(autouse=True)
def _calls(settings: Settings) -> None:
    settings.PYTHON_CALLS = ["tests.runs.executors.calling"]


@pytest.fixture
def fresh() -> None:
    """A hand of this test's own."""
    python.close_all()


def job_for(call: Any, workspace: Path, kept: Kept | None = None, **arguments: Any) -> Job:
    job = Job({"name": "python", "call": call, "arguments": arguments}, workspace=workspace, timeout_seconds=60)
    job.output = kept or Kept()
    return job


def call(name: Any, workspace: Path, kept: Kept | None = None, **arguments: Any) -> Any:
    return python.run(job_for(name, workspace, kept, **arguments)).result


def pid(workspace: Path) -> int:
    number: int = call("test.process", workspace)["pid"]
    return number


def test_a_call_gets_arguments_inputs_and_workspace(workspace: Path) -> None:
    job = job_for("test.echo", workspace, word="ä", list=[1, None])
    job.inputs = {"others": {"a": 1.5}}
    assert python.run(job).result == {
        "arguments": {"word": "ä", "list": [1, None]},
        "inputs": {"others": {"a": 1.5}},
        "workspace": str(workspace),
    }


def test_calls_of_a_thread_share_a_child_process(workspace: Path) -> None:
    assert pid(workspace) == pid(workspace) != os.getpid()
    other: list[int] = []
    thread = threading.Thread(target=lambda: other.append(pid(workspace)))
    thread.start()
    thread.join()
    assert other[0] != pid(workspace)


def test_the_child_has_neither_django_nor_secrets(
    workspace: Path, fresh: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ABREAST_SECRET_KEY", "a secret")
    monkeypatch.setenv("DATABASE_URL", "postgres://user:password@host/db")
    found = call("test.process", workspace)
    assert not [name for name in found["modules"] if name.split(".")[0] in {"django", "dashboard", "asyncio"}]
    assert not {"ABREAST_SECRET_KEY", "DATABASE_URL"} & found["environment"].keys()


def test_what_a_call_prints_is_its_output(workspace: Path, kept: Kept) -> None:
    assert call("test.print", workspace, kept, lines=1000) == 1000
    assert kept.data.splitlines() == [b"%d" % n for n in range(1000)] + [b"to standard error", b"past all buffers"]


def test_an_unknown_call_names_the_known_ones(workspace: Path) -> None:
    with pytest.raises(Failed, match=r"no call 'test.nothing'; known are .*test.echo, ") as failed:
        call("test.nothing", workspace)
    assert not failed.value.retryable


@pytest.mark.parametrize("spec", [{}, {"call": 7}, {"call": "test.echo", "arguments": [1]}])
def test_a_spec_without_call_or_arguments_fails_for_good(spec: dict[str, Any]) -> None:
    with pytest.raises(Failed) as failed:
        python.run(Job({"name": "python"} | spec))
    assert not failed.value.retryable


def test_arguments_that_do_not_fit_fail_for_good(workspace: Path) -> None:
    before = pid(workspace)
    with pytest.raises(Failed, match=r"do not fit test.print: .*'lines'") as failed:
        call("test.print", workspace, words=1)
    assert not failed.value.retryable
    assert pid(workspace) == before  # nothing went wrong in there


def test_a_module_that_cannot_be_loaded_is_named(workspace: Path, settings: Settings) -> None:
    settings.PYTHON_CALLS = ["tests.runs.executors.nowhere"]
    with pytest.raises(Failed, match=r"known are none; tests.runs.executors.nowhere could not be loaded \(ModuleNot"):
        call("test.echo", workspace)


@pytest.mark.parametrize(
    ("name", "arguments", "error", "retryable"),
    [
        ("test.raise", {"kind": "ValueError"}, "ValueError: this is wrong", True),
        ("test.raise", {"kind": "SystemExit"}, "SystemExit: 3", True),
        ("test.raise", {"kind": "KeyboardInterrupt"}, "KeyboardInterrupt", True),
        ("test.raise", {"kind": "surrogate"}, "ValueError", True),
        ("test.raise", {"kind": "Unfit"}, "this will never fit", False),
        ("test.raise", {"kind": "long"}, "x{1000}", True),
        ("test.unspeakable", {}, "Unspeakable", True),
        ("test.recurse", {}, "RecursionError", True),
        ("test.parse", {}, "MemoryError|RecursionError|SyntaxError", True),
        ("test.exit", {"code": 3}, r"ended its own process \(exit code 3\)", True),
        ("test.exit", {"code": 0}, r"ended its own process \(exit code 0\)", True),
        ("test.crash", {}, r"crashed \(SIGSEGV\)", True),
        ("test.result", {"kind": "object"}, "its result has a value of type object", False),
        ("test.result", {"kind": "nan"}, "its result has a number that JSON does not know", False),
        ("test.result", {"kind": "surrogate"}, "its result has text that is not Unicode", False),
        ("test.result", {"kind": "large"}, "its result has more than 1048576 bytes", False),
        ("test.result", {"kind": "keys"}, "its result has a key of type int", False),
    ],
)
def test_a_call_that_goes_wrong_fails_alone(
    workspace: Path, name: str, arguments: dict[str, Any], error: str, retryable: bool
) -> None:
    with pytest.raises(Failed, match=error) as failed:
        call(name, workspace, **arguments)
    assert failed.value.retryable is retryable
    assert len(failed.value.error) <= 10_000
    assert call("test.result", workspace, kind="null") is None


def test_the_traceback_is_in_the_output(workspace: Path, kept: Kept) -> None:
    with pytest.raises(Failed):
        call("test.raise", workspace, kept, kind="ValueError")
    assert b"Traceback" in kept.data
    assert b"calling.py" in kept.data


def test_garbage_in_place_of_an_answer_fails_alone(workspace: Path) -> None:
    report = []
    try:
        report.append(call("test.forge", workspace))
    except Exception as error:
        report.append(type(error).__name__)
    assert report in (["Garbled"], ["Failed"])
    assert call("test.result", workspace, kind="null") is None


def test_a_call_that_comes_back_twice_answers_once(workspace: Path) -> None:
    call("test.fork", workspace)
    for number in range(5):
        assert call("test.echo", workspace, number=number)["arguments"] == {"number": number}
    python.close_all()


@pytest.mark.parametrize("why", [Stop.CANCEL, Stop.RELEASE])
def test_a_call_that_must_stop_is_killed_with_its_children(workspace: Path, kept: Kept, why: Stop) -> None:
    job = job_for("test.hang_deaf", workspace, kept, pidfile="pids")
    kept.stop_at(b"hanging", job, why)
    with pytest.raises(Stopped) as stopped:
        python.run(job)
    assert stopped.value.why is why
    assert all(gone(int(number)) for number in (workspace / "pids").read_text().split())


@pytest.mark.parametrize("then", ["return", "exit", "crash", "kill its parent", "hang"])
def test_no_daemon_survives_its_call(workspace: Path, kept: Kept, token: str, then: str) -> None:
    job = job_for("test.daemon", workspace, kept, token=token, then=then)
    if then in ("hang", "kill its parent"):
        kept.stop_at(b"begun", job)
    with nullcontext() if then == "return" else pytest.raises((Failed, Stopped)):
        python.run(job)
    assert b"begun" in kept.data
    assert survivors(token) == []
    assert call("test.result", workspace, kind="null") is None


def test_a_call_that_prints_too_much_fails_for_good(workspace: Path, settings: Settings, tmp_path: Path) -> None:
    settings.OUTPUTS = tmp_path
    settings.OUTPUT_MAX_BYTES = 2**20
    job = Job({"call": "test.print_on"}, workspace=workspace, output=outputs.Sink(1, 2, 3))
    with pytest.raises(Failed, match="printed more than 1 MiB") as failed:
        python.run(job)
    assert not failed.value.retryable
    assert (job.output.close().size, outputs.size(1, 2, 3)) == (2**20, 2**20)


def test_a_call_finds_nothing_to_read(workspace: Path) -> None:
    assert call("test.read", workspace) == ""


def test_a_call_over_its_time_is_killed(workspace: Path, kept: Kept) -> None:
    job = Job({"call": "test.hang"}, workspace=workspace, timeout_seconds=0.3, output=kept)
    since = time.monotonic()
    with pytest.raises(Stopped) as stopped:
        python.run(job)
    assert stopped.value.why is Stop.TIME_OUT
    assert time.monotonic() - since < 20, "it would hang for ever"


def test_a_call_that_prints_without_end_can_be_stopped(workspace: Path, kept: Kept) -> None:
    job = job_for("test.print_on", workspace, kept)
    kept.stop_at(b"on and on\n" * 10_000, job)
    with pytest.raises(Stopped):
        python.run(job)


def test_the_hand_and_its_children_die_with_a_server_that_is_killed(workspace: Path) -> None:
    """Even in the middle of a call."""
    server = subprocess.Popen(
        [sys.executable, "-c", SERVER, str(workspace)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert server.stdout is not None
    with server.stdout as said:
        assert said.readline() == b"hanging\n"
    pids = [int(number) for number in (workspace / "pids").read_text().split()]
    assert all(psutil.pid_exists(number) for number in pids)
    server.kill()
    server.wait()
    assert all(gone(number) for number in pids)


SERVER = """
import os, sys, django
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
django.setup()
from django.conf import settings
from pathlib import Path
from runs import outputs
from runs.executors import python
from runs.executors.base import Job
settings.PYTHON_CALLS = ["tests.runs.executors.calling"]
class Through:
    full = False
    def write(self, data):
        os.write(1, data)
spec = {"call": "test.hang_deaf", "arguments": {"pidfile": "pids"}}
python.run(Job(spec, workspace=Path(sys.argv[1]), output=Through()))
"""


def test_an_idle_hand_uses_no_processor_time(workspace: Path) -> None:
    """Not while another thread makes many calls with its own."""
    idle = psutil.Process(pid(workspace))
    while idle.status() != psutil.STATUS_SLEEPING:  # it has answered, and is about to wait
        os.sched_yield()
    before = sum(idle.num_ctx_switches())
    other = threading.Thread(target=lambda: [pid(workspace) for _ in range(50)])
    other.start()
    other.join()
    assert sum(idle.num_ctx_switches()) - before < 10, "it may have been about to wait, but no call woke it"


def test_closing_all_ends_every_hand(workspace: Path) -> None:
    number = pid(workspace)
    python.close_all()
    assert gone(number)
    python.close_all()
    assert pid(workspace) != number


def test_a_hand_idle_for_long_is_replaced(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    number = pid(workspace)
    monkeypatch.setattr(python, "_REPLACE_AFTER", 0.0)
    assert pid(workspace) != number
    assert gone(number)
