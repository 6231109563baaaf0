"""A database of an earlier version, with a run under way in it, is brought up to date; then the run goes on to its end.

`python -m tests.upgrading`, on the empty database that the environment names. The last line says what came of it.
"""

import json
from typing import Any

import django

OLDEST = "0002"  # of the migrations of `runs`: what came before had no run to go on with


def upgrade() -> dict[str, Any]:
    """Makes a run, takes the schema back to the oldest, and brings it up to date again."""
    from django.core.management import call_command

    from runs.reports import Said, Verdict
    from tests.runs.factories import violations, work

    call_command("migrate", verbosity=0)
    made = work({f"s{at}": {"needs": ["s0"] if at > 3 else []} for at in range(6)}, max_agents=2)
    made.sweep()
    made.do("s0")
    held = made.begin("s1")
    call_command("migrate", "runs", OLDEST, verbosity=0)
    call_command("migrate", verbosity=0)
    found = violations(made.now)
    counts = made.say(Said.COMPLETE, held).verdict is Verdict.ACCEPTED
    for key in ("s2", "s3", "s4", "s5"):
        made.do(key)
    made.sweep()
    return {"counts": counts, "status": made.run.status, "violations": found + violations(made.now)}


if __name__ == "__main__":
    django.setup()
    print(json.dumps(upgrade()))
