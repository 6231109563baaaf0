"""A run as a file: what its pages offer to take away."""

from dataclasses import dataclass

from runs.models import Run


@dataclass(frozen=True, slots=True)
class File:
    """The run as a file, from the REST API. `shown`: a browser can show it."""

    name: str
    href: str
    meaning: str
    shown: bool = False


def files(run: Run) -> list[File]:
    at = f"/api/v1/runs/{run.pk}"
    return [
        File(
            "Report", f"{at}/report/?format=html", "one HTML page that needs nothing else, to keep, send or print", True
        ),
        File("Trace", f"{at}/trace/", "for Perfetto or Chrome's tracing: a lane an agent, arrows for what was needed"),
        File("JSON", f"{at}/report/", "all of it: figures, subtasks, attempts, results"),
        File("CSV", f"{at}/report/?format=csv", "a row a subtask, for spreadsheets"),
        File("Badge", f"{at}/badge.svg", "a small picture: how it ended, how much was done, the speedup", True),
    ]
