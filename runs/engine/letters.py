"""What is worth telling those who are not looking, and how it is signed.

Bodies and signatures follow the Standard Webhooks specification (standardwebhooks.com): the signature is HMAC-SHA256,
keyed with the secret, over id, timestamp and body.
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

RUN_ENDED, SUBTASK_FAILED, ATTENTION = EVENTS = ("run.ended", "subtask.failed", "attention")
MOST_FAILURES = 100  # of one transaction: who wants them all reads the log
# Seconds to the next try. After the last it is given up, two and a half days later.
PAUSES = (5, 30, 120, 600, 3_600, 21_600, 86_400, 86_400)


@dataclass(frozen=True, slots=True)
class Happened:
    """One thing worth telling; `subtask`: the id of the one that failed."""

    event: str
    subtask: int | None = None


def worth_telling(events: Sequence[Any], *, asked_before: int, asked_now: int, ended: bool) -> list[Happened]:
    """Of what is being written into the log of a run. `events`: (kind, subtask, status after)."""
    failed = [subtask for _, subtask, after in events if subtask is not None and after == "failed"]
    found = [Happened(SUBTASK_FAILED, subtask) for subtask in failed[:MOST_FAILURES]]
    found += [Happened(ATTENTION)] if asked_now > asked_before else []
    return found + ([Happened(RUN_ENDED)] if ended else [])


def sign(secret: str, number: str, timestamp: int, body: str) -> str:
    """The value of `webhook-signature`. The secret is base64 behind `whsec_`."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{number}.{timestamp}.{body}".encode()
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def pause_after(tries: int) -> int | None:
    """Seconds to wait after so many tries that failed; None: no more."""
    return PAUSES[tries - 1] if tries <= len(PAUSES) else None
