"""`simulate`: work that only takes its time, to try plans and to measure what everything around the work costs.

`{"name": "simulate", "seconds": 0.5, "fail_times": 1}` takes half a second and fails on its first try.
"""

from runs.executors.base import Failed, Job, Outcome


def run(job: Job) -> Outcome:
    seconds = job.spec.get("seconds", 0)
    if seconds:
        job.wait(seconds)
    job.check()
    if job.attempts_used <= job.spec.get("fail_times", 0):
        raise Failed(f"simulated failure {job.attempts_used} of {job.spec['fail_times']}")
    return Outcome({"seconds": seconds})
