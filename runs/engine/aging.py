"""Priorities that rise with waiting: so that what is not urgent gets its turn, too."""

from datetime import datetime, timedelta

from todos.plan.words import PRIORITIES

LOWEST = max(PRIORITIES.values())

Class = tuple[int, int, datetime]  # where they stand, how many classes they have climbed, in line since then or earlier


def due(top: int, now: datetime, seconds: float) -> list[Class]:
    """Which subtasks climb a class now, the lowest first, when `top` is the highest class in line.

    Whoever has stood in line for n times so many seconds stands n classes above its priority, but not above all others.
    """
    return [
        (priority, climbed, now - timedelta(seconds=seconds * (climbed + 1)))
        for priority in range(LOWEST, top, -1)
        for climbed in range(LOWEST - priority + 1)
    ]
