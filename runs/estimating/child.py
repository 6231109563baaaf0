"""The process in which runs are estimated: a question on each line of standard input, an answer on each of standard
output, both JSON.

It reads the database by itself, so that a large run costs the server nothing but the question; it writes nothing. It is
kept, for a start takes longer than an estimate, steps back behind all other work, and ends when the server does.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

BEHIND_ALL = 10
Answer = Callable[[dict[str, Any]], dict[str, Any]]


def main(arguments: list[str]) -> None:
    """The argument: the name of the database, where it is not that of the settings."""
    serve("the estimator", arguments, _estimates)


def serve(name: str, arguments: list[str], prepare: Callable[[], Answer], niceness: int = BEHIND_ALL) -> None:
    """Answers until there are no more questions. `name`: what it calls itself. `prepare` is called once Django is set
    up."""
    os.nice(niceness)
    for library in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
        os.environ.setdefault(library, "1")  # the matrices are small: more threads would only get into each other's way
    import django

    django.setup()
    from django.db import InterfaceError, OperationalError, connection

    connection.settings_dict["NAME"] = arguments[0]
    answer = prepare()
    for line in sys.stdin:
        began = time.perf_counter()
        try:
            found = answer(json.loads(line))
        except (OperationalError, InterfaceError) as error:  # another is started when the database is back
            sys.exit(f"{name} ends, for the database does not answer: {str(error).splitlines()[0]}")
        found["took_seconds"] = time.perf_counter() - began
        print(json.dumps(found, separators=(",", ":")), flush=True)


def _estimates() -> Answer:
    from django.utils import timezone

    from runs.estimating import answers

    past = answers.Past()
    return lambda question: answers.answer(question["run"], timezone.now(), past)


if __name__ == "__main__":
    main(sys.argv[1:])
