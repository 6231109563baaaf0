"""Bare Celery: no-op tasks, from the first message until the last is acknowledged."""

import argparse
import json
import os
import time

import redis

from tests.bench.work.bare_tasks import app, no_op

LOOK_SECONDS = 0.02


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--tasks", type=int, default=1_000)
    tasks = parser.parse_args().tasks
    client = redis.Redis.from_url(os.environ["BENCH_REDIS"])
    no_op.delay(0)  # connected, and the worker is up
    wait(client)
    begun = time.perf_counter()
    with app.producer_or_acquire() as producer:
        for number in range(tasks):
            no_op.apply_async((number,), producer=producer)
    published = time.perf_counter()
    wait(client)
    ended = time.perf_counter()
    print(json.dumps({"tasks": tasks, "seconds": ended - begun, "publishing_seconds": published - begun}))


def wait(client: "redis.Redis") -> None:
    """Until nothing lies in the queue and no worker has anything."""
    while client.llen("celery") or client.hlen("unacked"):
        time.sleep(LOOK_SECONDS)


if __name__ == "__main__":
    main()
