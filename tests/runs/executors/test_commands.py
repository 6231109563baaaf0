"""Commands under way: how their output comes, and that nothing of them stays, whatever they try."""

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from pytest_django import Settings

from runs import outputs
from runs.executors import commands, sandbox, shell
from runs.executors.base import Failed, Job, Stop, Stopped
from runs.executors.child import ROOT
from tests.runs.executors.conftest import Kept, attempt, gone, survivors

# A daemon as they have always been made: twice forked, a session of its own, deaf to every polite signal.
DAEMON = (
    """(trap '' HUP TERM INT; setsid nohup bash -c 'trap "" TERM; while :; do sleep 1; done' TOKEN >&- 2>&- <&- &)"""
)

PATIENCE = 20.0  # seconds: less than any command here would take by itself
pytestmark = pytest.mark.usefixtures("way")


def job_for(command: str, workspace: Path, kept: Kept, seconds: float = 30.0) -> Job:
    return Job({"command": command}, workspace=workspace, timeout_seconds=seconds, output=kept)


def runs_here(workspace: Path) -> bool:
    return sandbox.mode(workspace)[0] is not sandbox.Mode.OFF


def test_both_streams_come_in_order(open_workspace: Path) -> None:
    said = attempt("for i in 1 2 3; do echo out $i; echo err $i >&2; done", open_workspace)
    assert said in (None, "out 1\nerr 1\nout 2\nerr 2\nout 3\nerr 3\n")


def test_output_comes_while_the_command_runs(open_workspace: Path, kept: Kept, token: str) -> None:
    """It waits for a file that is only made once its first line has come."""
    kept.on = (b"ready", (open_workspace / token).touch)
    job = job_for(f"echo ready; until [ -e {token} ]; do sleep 0.01; done; echo seen", open_workspace, kept)
    if runs_here(open_workspace):
        shell.run(job)
        assert kept.data == b"ready\nseen\n"
    else:
        assert attempt("echo ready", open_workspace) is None


def test_bytes_are_kept_as_they_are(open_workspace: Path, kept: Kept) -> None:
    job = job_for(r"printf 'a\377\000\376\r\n\303\244'", open_workspace, kept)
    if runs_here(open_workspace):
        result = shell.run(job).result
        assert kept.data == b"a\xff\x00\xfe\r\n\xc3\xa4"
        assert result["output_tail"] == "a���\r\nä"
    else:
        assert attempt("true", open_workspace) is None


@pytest.mark.parametrize("why", [Stop.CANCEL, Stop.RELEASE])
def test_a_command_that_must_stop_has_time_to_clean_up(
    open_workspace: Path, kept: Kept, why: Stop, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = "trap 'echo cleaned up; exit 0' TERM; echo ready; while :; do sleep 0.02; done"
    monkeypatch.setattr(commands, "POLITE_SECONDS", PATIENCE)  # half a second may be too little on a busy machine
    if attempt("true", open_workspace) is None:
        return
    job = job_for(command, open_workspace, kept)
    kept.stop_at(b"ready", job, why)
    with pytest.raises(Stopped) as stopped:
        shell.run(job)
    assert stopped.value.why is why
    assert kept.data.endswith(b"cleaned up\n")


def test_a_command_that_will_not_stop_is_killed_soon(open_workspace: Path, kept: Kept, token: str) -> None:
    command = f"trap '' TERM INT HUP; {DAEMON.replace('TOKEN', token)}; echo ready; while :; do sleep 5; done"
    if attempt("true", open_workspace) is None:
        return
    job = job_for(command, open_workspace, kept)
    stopped_at: list[float] = []

    def stop() -> None:
        stopped_at.append(time.monotonic())
        job.stop(Stop.CANCEL)

    kept.on = (b"ready", stop)
    with pytest.raises(Stopped):
        shell.run(job)
    assert time.monotonic() - stopped_at[0] < PATIENCE
    assert not survivors(token)


def test_a_command_over_its_time_is_killed(open_workspace: Path, kept: Kept, token: str) -> None:
    if attempt("true", open_workspace) is None:
        return
    job = job_for(f"{DAEMON.replace('TOKEN', token)}; trap '' TERM; sleep 100", open_workspace, kept, seconds=0.3)
    with pytest.raises(Stopped) as stopped:
        shell.run(job)
    assert stopped.value.why is Stop.TIME_OUT
    assert not survivors(token)


@pytest.mark.parametrize("code", [0, 3])
def test_no_daemon_survives_its_command(open_workspace: Path, token: str, code: int) -> None:
    rest = f"export TOKEN={token}; (sleep 100 &); sleep 100 & exit {code}"
    attempt(f"{DAEMON.replace('TOKEN', token)}; {rest}", open_workspace)
    assert not survivors(token)


def test_a_background_process_does_not_hold_up_the_end(open_workspace: Path) -> None:
    since = time.monotonic()
    assert attempt("sleep 100 & echo done", open_workspace) in (None, "done\n")
    assert time.monotonic() - since < PATIENCE


def test_a_command_that_kills_all_it_can_ends_only_itself(open_workspace: Path) -> None:
    bystander = subprocess.Popen(["/bin/sleep", "100"])
    attempt(f"kill -9 {os.getpid()} {os.getppid()} {bystander.pid} $PPID 1; kill -9 -1", open_workspace)
    assert bystander.poll() is None
    bystander.kill()
    bystander.wait()


def test_a_fork_bomb_goes_off_in_its_own_room(open_workspace: Path, settings: Settings, kept: Kept, token: str) -> None:
    settings.SHELL_MAX_PROCESSES = 20
    if attempt("true", open_workspace) is None:
        return
    job = job_for(f"while :; do (exec -a {token} sleep 100) & done", open_workspace, kept)
    alive: list[int] = []

    def count_and_stop() -> None:
        alive.append(len(survivors(token)))
        job.stop(Stop.CANCEL)

    kept.on = (b"fork", count_and_stop)  # the shell complains when it may not any more
    with pytest.raises(Stopped):
        shell.run(job)
    assert 10 < alive[0] <= 20 + 3  # the shell and who watches over it have the word in their command line, too
    assert not survivors(token)


def test_one_process_gets_no_more_than_its_memory(open_workspace: Path, settings: Settings) -> None:
    settings.SHELL_MEMORY_BYTES = 64 * 2**20
    said = attempt("head -c 200M /dev/zero | tail -c 150M > /dev/null; echo ${PIPESTATUS[1]}", open_workspace)
    assert said is None or said.split()[-1] == "1" or "64 MiB of memory" in said


def test_all_processes_together_get_no_more_memory(open_workspace: Path, settings: Settings, token: str) -> None:
    settings.SHELL_TOTAL_MEMORY_BYTES = 64 * 2**20
    settings.SHELL_CPU_SECONDS = 5
    hold = "{ head -c 41M /dev/zero; sleep 60; } | tail -c 40M"
    said = attempt(f": {token}; for i in 1 2 3; do {hold} & done; wait", open_workspace)
    assert said is None or "used more than 64 MiB of memory" in said
    assert not survivors(token)


def test_processor_time_runs_out(open_workspace: Path, settings: Settings) -> None:
    settings.SHELL_CPU_SECONDS = 1
    said = attempt("while :; do :; done", open_workspace)
    assert said is None or "used more than 1 s of processor time" in said


def test_no_file_grows_too_large(open_workspace: Path, settings: Settings, token: str) -> None:
    settings.SHELL_FILE_MAX_BYTES = 2**20
    said = attempt(f"exec head -c 2M /dev/zero > {token}", open_workspace)
    if said is not None:
        assert "wrote a file of more than 1 MiB" in said
        assert (open_workspace / token).stat().st_size == 2**20


@pytest.mark.parametrize(
    "command", ["yes", "head -c 1000000000 /dev/zero", "cat /dev/urandom", "yes & yes >&2 & setsid yes & wait"]
)
def test_a_command_that_prints_too_much_is_killed(
    open_workspace: Path, settings: Settings, tmp_path: Path, command: str
) -> None:
    """With a gigabyte, or without end: kept is what fits, and the server stays small."""
    settings.OUTPUTS = tmp_path
    settings.OUTPUT_MAX_BYTES = 20 * 2**20
    if attempt("true", open_workspace) is None:
        return
    before = psutil.Process().memory_info().rss
    job = Job({"command": command}, workspace=open_workspace, output=outputs.Sink(1, 2, 3))
    with pytest.raises(Failed, match="printed more than 20 MiB") as failed:
        shell.run(job)
    assert not failed.value.retryable
    kept = job.output.close()
    assert (kept.size, kept.truncated) == (20 * 2**20, True)
    assert outputs.size(1, 2, 3) == 20 * 2**20
    assert psutil.Process().memory_info().rss - before < 16 * 2**20


def test_a_server_that_is_killed_takes_its_commands_along(open_workspace: Path, token: str, way: str) -> None:
    if attempt("true", open_workspace) is None:
        return
    command = f"{DAEMON.replace('TOKEN', token)}; echo ready; TOKEN={token} sleep 100"
    arguments = [sys.executable, "-c", SERVER, way, str(open_workspace), command]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "DJANGO_SETTINGS_MODULE": "tests.settings"}
    server = subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.PIPE, env=environment)
    assert server.stdout is not None
    with server.stdout as said:
        assert said.readline() == b"ready\n"
    launchers = psutil.Process(server.pid).children(recursive=True)
    server.kill()
    server.wait()
    assert launchers
    assert all(gone(process.pid) for process in launchers)
    assert not survivors(token)


SERVER = """
import os, sys, django
django.setup()
from pathlib import Path
from runs.executors import sandbox, shell
from runs.executors.base import Job
class Through:
    full = False
    def write(self, data):
        os.write(1, data)
sandbox.WAYS = {sys.argv[1]: ""}
shell.run(Job({"command": sys.argv[3]}, workspace=Path(sys.argv[2]), output=Through()))
"""
