"""What the README says to paste is pasted, into a real shell, against a real server."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator

import pytest

from tests.docs.reading import fences, text_of
from tests.live_server import ROOT, Server, running

pytestmark = pytest.mark.e2e
MOST_SECONDS = 120


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running() as found:
        yield found


def pasted() -> list[str]:
    """The commands of "Connect an agent", without those that say where the server is."""
    text = text_of("README.md")
    start, end = text.index("## Connect an agent"), text.index("## What it can run")
    blocks = [fence.text for fence in fences("README.md", "sh") if start < text.index(fence.text) < end]
    return [block for block in blocks if not block.startswith("export")]


def test_what_is_to_be_pasted_works_against_a_real_server(server: Server) -> None:
    for program in ("bash", "curl", "python3"):
        assert shutil.which(program), f"the commands of the README need {program}: install it"
    commands = pasted()
    assert len(commands) == 2
    environment = {"ABREAST": server.url, "TOKEN": server.token, "PATH": os.environ["PATH"]}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "\n".join(commands)],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=MOST_SECONDS,
    )
    assert done.returncode == 0, done.stderr
    *lines, subtask = done.stdout.splitlines()
    assert lines[-1] == "completed: 4 of 4"
    assert '"key":"readme"' in subtask and '"status":"completed"' in subtask and "# Abreast" in subtask


def test_what_the_server_prints_is_what_the_readme_shows(server: Server) -> None:
    shown = next(fence.text for fence in fences("README.md", "text")).strip()
    here = re.escape(shown.replace("http://127.0.0.1:8000", server.url)).replace("…", "[A-Za-z0-9_-]{43}")
    assert re.fullmatch(here, "\n".join(server.printed.splitlines()[-3:]))
    assert server.printed.endswith(f"login: {server.login}\n")
