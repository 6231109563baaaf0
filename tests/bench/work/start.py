"""How soon a new installation is there: from `manage.py up` to its first page and the end of its first run."""

import json
import time

import django

django.setup()

from runs.models import Run  # noqa: E402  (it needs the settings)
from tests.bench.work.server import Asking, Server, cookie_of_owner, up  # noqa: E402

LOOK_SECONDS = 0.02
FIRST_RUN_SECONDS = 240.0


def first_page(server: Server) -> float:
    """Seconds from the start of its process until the overview was answered."""
    Asking(server.port, cookie_of_owner(server.port)).ask("/")
    return time.perf_counter() - server.begun


def first_run(server: Server) -> Run:
    """The run that a new installation begins with, when it has ended."""
    until = server.begun + FIRST_RUN_SECONDS
    while time.perf_counter() < until:
        run = Run.objects.order_by("pk").first()
        if run and run.finished_at:
            return run
        time.sleep(LOOK_SECONDS)
    raise RuntimeError("the first run did not end")


def main() -> None:
    with up(DEMO="1") as server:
        page = first_page(server)
        run = first_run(server)
        ended = time.perf_counter() - server.begun
    with up(DEMO="1") as server:
        again = first_page(server)
    told = {"status": run.status, "completed": run.completed, "total": run.total}
    print(json.dumps({"page_seconds": page, "run_seconds": ended, "again_seconds": again} | told))


if __name__ == "__main__":
    main()
