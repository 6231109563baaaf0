"""Has the index of the workspace brought up to date beside everything else, one at a time; nobody waits for it."""

import logging
import threading
import time
from pathlib import Path

from django.conf import settings

from runs.executors.base import Failed, Job, Stop, Stopped
from runs.executors.search import team

log = logging.getLogger(__name__)

MOST_SECONDS = 1_800.0
REST_SECONDS = 2.0  # from the end of one to the beginning of the next

_lock = threading.Lock()
_job: Job | None = None
_thread: threading.Thread | None = None
_ended = -REST_SECONDS


def want(workspace: Path) -> None:
    """Begins unless one is under way, or ended just now."""
    global _job, _thread
    with _lock:
        if _job is not None or time.monotonic() - _ended < REST_SECONDS:
            return
        _job = Job({}, workspace=workspace, timeout_seconds=MOST_SECONDS)
        _thread = threading.Thread(target=_build, args=(_job,), name="search-index", daemon=True)
        _thread.start()


def stop() -> None:
    """Ends the one under way. What it has committed stays."""
    job, thread = _job, _thread
    if job is not None:
        job.stop(Stop.RELEASE)
    wait(thread)


def wait(thread: threading.Thread | None = None) -> None:
    """Until the one under way has ended."""
    thread = thread or _thread
    if thread is not None:
        thread.join()


def _build(job: Job) -> None:
    global _job, _ended
    arguments = {
        "home": str(settings.HOME),
        "max_bytes": settings.SEARCH_INDEX_MAX_BYTES,
        "seconds": settings.SEARCH_CPU_SECONDS,
    }
    try:
        team.call(job, "search.build", arguments, keep=False)
    except Stopped:
        pass
    except Failed as failed:  # it goes on from there the next time
        log.warning("the index for searches is not up to date: %s", failed.error)
    finally:
        with _lock:
            _job, _ended = None, time.monotonic()
