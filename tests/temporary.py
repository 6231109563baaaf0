"""Folders for as long as a process lives. Of one that was killed, the folder goes when the next one is made."""

import atexit
import os
import re
import shutil
import tempfile
from pathlib import Path

PREFIX = "abreast-tests-"


def home() -> str:
    """What ABREAST_HOME names, or a new one. A worker of pytest-xdist has its own, which its children share."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    if "ABREAST_HOME" in os.environ and worker in ("", os.environ.get("HOME_OF_WORKER")):
        return os.environ["ABREAST_HOME"]
    os.environ["HOME_OF_WORKER"] = worker
    return folder()


def folder() -> str:
    """Goes when this process ends; children that it forks leave it alone."""
    _forget_the_killed()
    made = tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-")
    atexit.register(_remove, Path(made), os.getpid())
    return made


def _remove(made: Path, maker: int) -> None:
    if os.getpid() == maker:
        shutil.rmtree(made, ignore_errors=True)


def _forget_the_killed() -> None:
    for found in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        maker = re.match(rf"{PREFIX}(\d+)-", found.name)
        if maker and not _lives(int(maker[1])):
            shutil.rmtree(found, ignore_errors=True)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
