"""Looking at a tree in a child process that can be ended: a pattern may be made to match for ever, and parsing may take
a process down with it. The child's side is the callable `survey.scan`.
"""

from dataclasses import asdict
from pathlib import Path

from runs.executors.base import Failed, Job, Stopped
from runs.executors.python import Hand
from todos.decompose.tree import Tree, Wanted
from todos.paths import File

MAX_SECONDS = 30.0
_MAX_BYTES = 48 * 1024 * 1024


class ScanError(Exception):
    """The tree could not be looked at. `option` is to blame."""

    def __init__(self, option: str, detail: str) -> None:
        super().__init__(detail)
        self.option = option
        self.detail = detail


def scan(workspace: Path, wanted: Wanted, *, with_imports: bool = False, seconds: float = MAX_SECONDS) -> Tree:
    """Raises ScanError, also when it takes too long."""
    job = Job({}, workspace=workspace, timeout_seconds=seconds)
    request = {
        "call": "survey.scan",
        "arguments": {"wanted": asdict(wanted), "with_imports": with_imports},
        "inputs": {},
        "workspace": str(workspace),
        "max_bytes": _MAX_BYTES,
    }
    hand = Hand(["runs.executors.survey"])
    try:
        answer = hand.call(job, request)
    except Stopped:
        raise ScanError("folder", f"looking at it takes more than {seconds:g} s") from None
    except Failed as failed:
        raise ScanError("folder", f"it could not be looked at: {failed.error}") from failed
    finally:
        hand.end()
    if "error" in answer:
        raise ScanError("folder", f"it could not be looked at: {answer['error']}")
    result = answer["result"]
    if "option" in result:
        raise ScanError(result["option"], result["detail"])
    files = [File(path, size) for path, size in result["files"]]
    return Tree(files, result["left_out"], dict(result["imports"]))
