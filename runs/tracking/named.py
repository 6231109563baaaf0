"""Reports under a name: many processes report into one run without knowing it, and into the next when it is over."""

from collections.abc import Sequence

from django.conf import settings

from runs.models import Run, Subtask
from runs.tracking import book, reporters, sessions
from runs.tracking.book import Heard, Told
from todos.principal import Principal


def told(principal: Principal, name: str, content: str, reports: Sequence[Told]) -> tuple[Run, list[Heard]]:
    """Carries reports out in their order. Gives the run of the session, and what came of each.

    What is under way in a run that became full is reported there; all else goes into the session's current run, made
    if there is none. Raises what the writing of reports raises; then nothing is written.
    """
    with sessions.held(principal, name) as session:
        session.state["reports"] = True
        run = sessions.current_run(session)
        if run is not None and _is_full(run, reports):
            session.state["before"], run = run.pk, None
        if run is None:
            run = sessions.start(principal, session, content)
        before = Run.objects.filter(pk=session.state.get("before"), finished_at=None).first()
        there = _there(before, reports) if before is not None else set()
        heard: dict[int, Heard] = {}
        for of_run, keyed in ((before, True), (run, False)):
            numbers = [at for at, one in enumerate(reports) if (one.key in there) is keyed]
            if of_run is not None and numbers:
                told_there = _tell(principal, of_run, [reports[at] for at in numbers])
                heard |= dict(zip(numbers, told_there, strict=True))
    return run, [heard[at] for at in range(len(reports))]


def _is_full(run: Run, reports: Sequence[Told]) -> bool:
    keys = {one.key for one in reports}
    return run.total + len(keys - _there(run, reports)) > settings.RUN_MAX_SUBTASKS


def _there(run: Run, reports: Sequence[Told]) -> set[str]:
    keys = [one.key for one in reports]
    return set(Subtask.objects.filter(run=run, key__in=keys).values_list("key", flat=True))


def _tell(principal: Principal, run: Run, reports: Sequence[Told]) -> list[Heard]:
    with book.opened(run, principal, stays_open_seconds=settings.TRACKED_OPEN_SECONDS) as opened:
        return book.told_all(opened, reports, reporters.default_name(principal))
