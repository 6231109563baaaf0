"""What follows an attempt that did not succeed."""

from dataclasses import dataclass
from enum import Enum

FIRST_SECONDS = 1.0
LONGEST_SECONDS = 60.0


class Next(Enum):
    AGAIN = "again"
    LAST_TRY = "last_try"
    GIVE_UP = "give_up"


@dataclass(frozen=True, slots=True)
class Decision:
    next: Next
    delay_seconds: float = 0.0


def decide(
    *, attempts_used: int, max_retries: int, retryable: bool, lost: bool, last_try: bool, chance: float
) -> Decision:
    """Another try after a delay, one last try with nothing beside it, or none.

    `attempts_used` counts the attempt that just ended. `chance` (0 to 1) is the caller's randomness for the jitter. A
    lost attempt is no sign that the work is bad: its next try waits for nothing, but it counts.
    """
    if not retryable or last_try:
        return Decision(Next.GIVE_UP)
    delay = 0.0 if lost else back_off(attempts_used, chance)
    if attempts_used <= max_retries:
        return Decision(Next.AGAIN, delay)
    return Decision(Next.LAST_TRY, delay) if max_retries else Decision(Next.GIVE_UP)


def back_off(tries: int, chance: float) -> float:
    """Seconds to wait after `tries` tries: from a second to a minute, doubling, half of it chance."""
    whole = min(LONGEST_SECONDS, FIRST_SECONDS * 2.0 ** min(tries - 1, 16))
    return whole / 2 + whole / 2 * chance
