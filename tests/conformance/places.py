"""Where the promises are held: a server on SQLite, and processes on PostgreSQL and Redis as they are deployed."""

import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx

from tests import servers

ROOT = Path(__file__).resolve().parent.parent.parent
PATIENCE = 120.0
OURS = ("ABREAST_", "DJANGO_", "PYTEST_", "DATABASE_URL", "REDIS_URL", "CELERY_", "HOST", "PORT", "SERVER", "DEMO")
PREPARE = """
import django
django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
call_command("create_token", "tests", "--scope", "operator", "--commands")
call_command("create_token", "agents", "--scope", "agent")
"""


class Place:
    """A database and the processes on it, by name. A name started again takes the place of one that is gone."""

    def __init__(self, stack: ExitStack, home: Path, **named: str) -> None:
        self.home = home
        kept = {name: text for name, text in os.environ.items() if not name.startswith(OURS)}
        self.environment = (
            kept
            | named
            | {
                "ABREAST_HOME": str(home),
                "ABREAST_WORKSPACE": str(home),
                "ABREAST_SECRET_KEY": "only for the tests",
                "ABREAST_SHELL": "trusted",
                "DJANGO_SETTINGS_MODULE": "tests.conformance.settings",
                "DEMO": "0",
                "HOST": "127.0.0.1",
                "PORT": str(servers.free_port()),
            }
        )
        self.url = f"http://127.0.0.1:{self.environment['PORT']}"
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.token, self.agents_token = self.python("-c", PREPARE).splitlines()[-2:]
        self.client = stack.enter_context(httpx.Client(base_url=f"{self.url}/api/v1/", timeout=PATIENCE))
        self.client.headers["Authorization"] = f"Bearer {self.token}"
        stack.callback(self.end)

    def python(self, *words: str) -> str:
        """What it prints."""
        told = subprocess.run([sys.executable, *words], cwd=ROOT, env=self.environment, capture_output=True, text=True)
        assert told.returncode == 0, told.stdout + told.stderr
        return told.stdout.strip()

    def start(self, name: str, *words: str, **more: str) -> None:
        with (self.home / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, *words], cwd=ROOT, env=self.environment | more, stdout=log, stderr=log
            )

    def log(self, name: str) -> str:
        return (self.home / f"{name}.log").read_text()

    def kill(self, name: str) -> None:
        process = self.processes.pop(name)
        process.kill()
        process.wait()

    def end(self) -> None:
        for name in list(self.processes):
            self.kill(name)

    def ready(self) -> None:
        servers.until(lambda: servers.answers(f"{self.url}/readyz"), "it answers", PATIENCE)

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        answer = self.client.request(method, path, json=body)
        assert answer.status_code < 500, answer.text
        return answer.status_code, answer.json()

    def call(self, method: str, path: str, body: Any = None) -> Any:
        status, answer = self.ask(method, path, body)
        assert status < 300, answer
        return answer


def sqlite(stack: ExitStack, home: Path) -> Place:
    place = Place(stack, home)
    place.start("server", "manage.py", "up")
    place.ready()
    return place


def postgresql(stack: ExitStack, home: Path) -> Place:
    database, redis = stack.enter_context(servers.postgres()), stack.enter_context(servers.redis_server())
    place = Place(stack, home, DATABASE_URL=database.url, REDIS_URL=redis.url, CELERY_BROKER_URL=redis.url)
    place.start("web", "manage.py", "web")
    place.start("server", "manage.py", "orchestrate")
    place.ready()
    return place
