"""The product's settings in a hurry: leases, and who leads, are given up sooner; another try follows at once."""

import os

from dashboard.settings import *  # noqa: F403
from dashboard.settings import DATABASES
from runs.engine import retry
from tests.conformance import LEASE_SECONDS

PYTHON_CALLS = ["tests.conformance.work"]
LEAD_SECONDS = LEASE_SECONDS
BACKSTOP_SECONDS = 1
HEARTBEAT_SECONDS = 0.4  # type: ignore[assignment]
if "IMPATIENT" in os.environ:  # for the others a busy machine could be too slow
    DATABASES["default"]["OPTIONS"]["options"] = "-c idle_in_transaction_session_timeout=1s"
if "timeout" in DATABASES["default"]["OPTIONS"]:
    DATABASES["default"]["OPTIONS"]["timeout"] = 4
retry.FIRST_SECONDS = 0.05
TRACKED_OPEN_SECONDS = 0.1  # type: ignore[assignment]
TRACKED_SILENCE_SECONDS = LEASE_SECONDS + 4  # a cancel that nobody answers is over sooner
