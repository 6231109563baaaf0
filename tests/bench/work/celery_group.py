"""Bare Celery: a group of no-op tasks, from its signatures to all results in the caller's hands."""

import argparse
import json
import time

from celery import group

from tests.bench.work.celery_tasks import no_op

LOOK_SECONDS = 0.02  # in Celery's favour: of itself a caller may notice the last result half a second late


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--tasks", type=int, default=1_000)
    tasks = parser.parse_args().tasks
    no_op.delay(0).get(timeout=60)  # connected, and the worker is up
    begun = time.perf_counter()
    results = group(no_op.s(number) for number in range(tasks)).apply_async()
    published = time.perf_counter()
    assert results.get(timeout=300, interval=LOOK_SECONDS) == list(range(tasks))
    ended = time.perf_counter()
    print(json.dumps({"tasks": tasks, "seconds": ended - begun, "publishing_seconds": published - begun}))


if __name__ == "__main__":
    main()
