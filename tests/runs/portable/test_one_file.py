import ast
import subprocess
import sys
from pathlib import Path

import pytest
from django.test import Client

from runs import portable


def test_it_is_one_program_of_the_standard_library() -> None:
    imports = [
        node for node in ast.walk(ast.parse(portable.one_file())) if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    names = {alias.name for node in imports if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in imports if isinstance(node, ast.ImportFrom)}
    assert len(names) > 10
    assert {name.split(".")[0] for name in names} <= sys.stdlib_module_names


@pytest.mark.parametrize(("name", "needs"), [("celery", {"celery", "billiard"}), ("tasks", set())])
def test_the_files_for_applications_need_nothing_else(client: Client, name: str, needs: set[str]) -> None:
    text = client.get(f"/abreast_{name}.py", headers={"host": "127.0.0.1"}).content.decode()
    assert "\nURL = 'http://127.0.0.1'" in text
    nodes = list(ast.walk(ast.parse(text)))
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    assert {name.split(".")[0] for name in names} - sys.stdlib_module_names == needs


def test_it_runs_from_a_pipe_in_any_folder(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-", "--help"], input=portable.one_file(), text=True, capture_output=True, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert "--token" in done.stdout
    assert not done.stderr


def test_it_can_be_imported_without_doing_anything(tmp_path: Path) -> None:
    (tmp_path / "agent.py").write_text(portable.one_file())
    code = "import agent; print(agent.Agent(agent.Client('http://127.0.0.1:1', 't'), 'a', agent.CAN).name)"
    done = subprocess.run([sys.executable, "-c", code], text=True, capture_output=True, cwd=tmp_path)
    assert (done.stdout, done.stderr) == ("a\n", "")


def test_anybody_gets_it_with_the_address_it_was_fetched_from(client: Client) -> None:
    answer = client.get("/agent.py", headers={"host": "127.0.0.1"})
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/x-python")
    assert "\nURL = 'http://127.0.0.1'" in answer.content.decode()
    assert client.post("/agent.py", headers={"host": "127.0.0.1"}).status_code == 405
