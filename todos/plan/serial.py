"""Serial schedule generation: one task after the other, each at the earliest moment where it fits.

It makes active schedules, among which there always is an optimal one (Kolisch 1996). What is free is kept as a step
function of time, so a step costs the same for seconds and for days.
"""

from bisect import bisect_right
from collections.abc import Sequence
from math import inf

from todos.plan.problem import Problem, Schedule


def schedule(problem: Problem, order: Sequence[int]) -> Schedule:
    """`order` has each task after all it follows."""
    packed = problem.packed
    needs, guard = packed.needs, packed.guard
    durations, preds = problem.durations, problem.preds
    times: list[float] = [0, inf]  # free[at] holds from times[at] to times[at + 1]
    free = [packed.full, 0]
    starts: Schedule = [0] * problem.size
    ends: Schedule = [0] * problem.size
    for task in order:
        start: float = 0
        for pred in preds[task]:
            if ends[pred] > start:
                start = ends[pred]
        need, seconds = needs[task], durations[task]
        first = last = bisect_right(times, start) - 1
        end = start + seconds
        while times[last] < end:
            if (free[last] - need) & guard == guard:
                last += 1
            else:
                first = last = last + 1
                start = times[first]
                end = start + seconds
        starts[task], ends[task] = start, end
        if start > times[first]:
            first += 1
            last += 1
            times.insert(first, start)
            free.insert(first, free[first - 1])
        if end < times[last]:
            times.insert(last, end)
            free.insert(last, free[last - 1])
        for at in range(first, last):
            free[at] -= need
    return starts
