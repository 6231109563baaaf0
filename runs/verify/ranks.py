"""I18: who stands above its priority climbed there as the log says."""

from collections.abc import Iterator

from runs.models import Event, Subtask
from runs.verify.base import Check, Scope


def _climbed_as_recorded(scope: Scope) -> Iterator[str]:
    events = Event.objects.filter(kind="aged", run__trim_seq=0)
    subtasks = Subtask.objects.filter(aged__isnull=False, run__trim_seq=0)
    if scope.run_id is not None:
        events, subtasks = events.filter(run=scope.run_id), subtasks.filter(run=scope.run_id)
    steps: dict[int, list[int]] = {}
    for number, data in events.order_by("run_id", "seq").values_list("subtask_id", "data").iterator():
        steps.setdefault(number or 0, []).append((data or {}).get("to", 0))
    for number, priority, climbed in subtasks.values_list("pk", "priority", "aged").iterator():
        aged = climbed or 0
        found = steps.get(number, [])
        if found != [priority + aged - step for step in range(1, aged + 1)]:
            yield f"subtask {number} stands at {priority} after {aged} steps, and the log has {len(found)}: {found}"


CHECKS = [Check("I18", "who stands above its priority climbed there step by step, as recorded", _climbed_as_recorded)]
