"""The product's settings, where hints are lost on their way (`lossy.py`)."""

from dashboard.settings import *  # noqa: F403
from dashboard.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.faults.lossy.Lossy"]
