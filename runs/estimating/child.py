"""The process in which runs are estimated: a question on each line of standard input, an answer on each of standard
output, both JSON.

It reads the database by itself, so that a large run costs the server nothing but the question; it writes nothing. It is
kept, for a start takes longer than an estimate, steps back behind all other work, and ends when the server does.
"""

import json
import os
import sys
import time
from typing import Any


def main(arguments: list[str]) -> None:
    """The argument: the name of the database, where it is not that of the settings."""
    os.nice(10)
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
        os.environ.setdefault(name, "1")  # the matrices are small: more threads would only get into each other's way
    import django

    django.setup()
    from django.db import InterfaceError, OperationalError, connection
    from django.utils import timezone

    from runs.estimating import answers

    connection.settings_dict["NAME"] = arguments[0]
    past = answers.Past()
    for line in sys.stdin:
        question: dict[str, Any] = json.loads(line)
        began = time.perf_counter()
        try:
            found = answers.answer(question["run"], timezone.now(), past)
        except (OperationalError, InterfaceError) as error:  # another is started when the database is back
            sys.exit(f"the estimator ends, for the database does not answer: {str(error).splitlines()[0]}")
        found["took_seconds"] = time.perf_counter() - began
        print(json.dumps(found, separators=(",", ":")), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
