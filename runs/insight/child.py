"""The process in which what large runs gained is worked out: as `runs.estimating.child` is asked, and answers."""

from dataclasses import asdict
from typing import Any

from runs.estimating import child

NICENESS = 4  # somebody waits for the answer


def main(arguments: list[str]) -> None:
    """The argument: the name of the database, where it is not that of the settings."""
    child.serve("what works out insights", arguments, _answers, NICENESS)


def _answers() -> child.Answer:
    from django.utils import timezone

    from runs.insight import beside, gained
    from runs.models import Run

    def answer(question: dict[str, Any]) -> dict[str, Any]:
        now = timezone.now()
        run = Run.objects.defer("result").filter(pk=question["run"]).first()
        found = run and gained.gained(run, now, question["until"], beside.MOST_SUBTASKS)
        return {"at": now.isoformat(), "found": asdict(found) if found else None}

    return answer
