"""How often a process that serves looks for garbage: seldom, since looking is what a batch of reports waited for most.

Python looks each time 700 objects more have been made than freed, and a batch of a hundred reports makes more than that
several times over. What is imported never becomes garbage: it need not be looked through at all.
"""

import gc

OBJECTS = 10_000


def look_seldom() -> None:
    """Called once everything is imported, before the first request."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(OBJECTS, *gc.get_threshold()[1:])
