"""How much CPU was used meanwhile by whoever does not belong to the benchmark: the noise to be honest about."""

import time

import psutil


def tree_cpu_seconds(process: psutil.Process) -> float:
    """CPU seconds of a process and of all below it, those included that have ended and were waited for."""
    spent = 0.0
    for member in [process, *process.children(recursive=True)]:
        try:
            times = member.cpu_times()
        except psutil.NoSuchProcess:
            continue
        spent += times.user + times.system + times.children_user + times.children_system
    return spent


def tree_memory(process: psutil.Process) -> int:
    """Bytes of memory of a process and of all below it; what they share counts once, where the system can tell."""
    used = 0
    for member in process.children(recursive=True):
        try:
            whole = member.memory_full_info()
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
        used += getattr(whole, "pss", whole.rss)
    return used


class Noise:
    """Counts from when it is made."""

    def __init__(self) -> None:
        self._since = time.perf_counter()
        self._all = _machine_seconds()
        self._own = tree_cpu_seconds(psutil.Process())

    def other_cpu(self) -> float:
        """Cores that others kept busy on average; 1.0 is one core."""
        elapsed = time.perf_counter() - self._since
        others = (_machine_seconds() - self._all) - (tree_cpu_seconds(psutil.Process()) - self._own)
        # The counters tick in hundredths of a second: over a shorter time they say nothing.
        return max(0.0, others / elapsed) if elapsed > 0.2 else 0.0


def _machine_seconds() -> float:
    times = psutil.cpu_times()
    idle = times.idle + getattr(times, "iowait", 0.0)
    guest = getattr(times, "guest", 0.0) + getattr(times, "guest_nice", 0.0)  # counted in user and nice already
    return sum(times) - idle - guest
