"""The product's settings with less room, and callables for what the tests want to happen."""

from dashboard.settings import *  # noqa: F403

PYTHON_CALLS = ["runs.executors.explore", "tests.server.calls", "tests.runs.executors.calling"]
OUTPUT_MAX_BYTES = SHELL_FILE_MAX_BYTES = 5 * 2**20
