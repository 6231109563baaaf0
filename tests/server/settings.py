"""The product's settings, and callables that keep a book of their own."""

from dashboard.settings import *  # noqa: F403

PYTHON_CALLS = ["runs.executors.explore", "tests.server.calls"]
