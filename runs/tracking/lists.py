"""Lists of todos as agents keep them: each time the whole list, which is the whole truth."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings

from runs.engine.lists import Item, Known, match
from runs.engine.reported import steps
from runs.engine.states import RUN_TERMINAL
from runs.models import Run, Session, Subtask
from runs.tracking import book, sessions
from runs.tracking.book import Book, Told
from todos.plan.words import TERMINAL, Status
from todos.principal import Principal
from todos.wire.inputs import SubtaskIn


def put(principal: Principal, name: str, items: Sequence[Item], agent: str) -> tuple[Run, list[str]]:
    """Makes the run of a session agree with its list. Gives the run, and the keys of the entries in their order.

    Raises Invalid when the list is too long.
    """
    with sessions.held(principal, name) as session:
        run = sessions.current_run(session)
        if run is None and (keys := as_it_ended(session, items)):
            assert session.run is not None
            return session.run, keys
        if run is None:
            run = start(principal, session, f"Todo list of {name}", items)
        with book.opened(run, principal, stays_open_seconds=settings.TRACKED_OPEN_SECONDS) as opened:
            keys = take(opened, session.state, items, agent)
    run.refresh_from_db()
    return run, keys


def put_any(principal: Principal, name: str, items: Sequence[Item], agent: str) -> None:
    """The same, but a list with nothing on it begins no run."""
    if items or Session.objects.filter(principal=principal.name, name=name, run__isnull=False).exists():
        put(principal, name, items, agent)


def as_it_ended(session: Session, items: Sequence[Item]) -> list[str]:
    """The keys of a list that has not changed since its run ended; none when it has."""
    known = _known(session)
    before = [(one.content, one.id) for one in known]
    stands = _statuses(session)
    same = before == [(item.content, item.id) for item in items] and all(
        stands.get(one.key) == item.status for one, item in zip(known, items)
    )
    ended = session.run is not None and session.run.status in RUN_TERMINAL
    return [one.key for one in known] if same and ended else []


def start(principal: Principal, session: Session, content: str, items: Sequence[Item]) -> Run:
    """A run of this list. What was completed in the session's last run is carried over."""
    stands, remembered, subtasks = _statuses(session), [], []
    for at, (item, old) in enumerate(zip(items, match(_known(session), items), strict=True), start=1):
        done = old is not None and stands.get(old.key) == item.status == Status.COMPLETED
        spec: dict[str, Any] = {"status": "completed"} if done else {}
        subtasks.append(SubtaskIn(key=f"todo-{at}", content=item.content, priority=item.priority or 3, **spec))
        remembered.append({"key": f"todo-{at}", "content": item.content, "id": item.id})
    session.state["items"], session.state["made"] = remembered, len(items)
    return sessions.start(principal, session, content, subtasks)


def _known(session: Session) -> list[Known]:
    return [Known(one["key"], one["content"], one["id"]) for one in session.state.get("items", ())]


def _statuses(session: Session) -> dict[str, str]:
    return dict(Subtask.objects.filter(run=session.run_id).values_list("key", "status")) if session.run_id else {}


def take(opened: Book, state: dict[str, Any], items: Sequence[Item], agent: str) -> list[str]:
    """Makes the subtasks of a run agree with a list, and remembers the list in `state`."""
    before = state.get("items", [])
    rows = opened.find([one["key"] for one in before])
    known = [
        Known(one["key"], one["content"], one["id"], ended=rows[one["key"]].status in TERMINAL)
        for one in before
        if one["key"] in rows
    ]
    keys = [
        None if old is None or steps(Status(rows[old.key].status), Status(item.status)) is None else old.key
        for item, old in zip(items, match(known, items), strict=True)
    ]
    named = _name(opened, state, items, keys)
    gone = [one.key for one in known if one.key not in named]
    for key in gone:
        if opened.rows[key].status not in TERMINAL:
            opened.tell(Told(key, Status.CANCELLED, message="it is no longer on the list"), agent)
    for key, item in zip(named, items, strict=True):
        _tell(opened, key, item, agent)
    state["items"] = [{"key": key, "content": item.content, "id": item.id} for key, item in zip(named, items)]
    return named


def _name(opened: Book, state: dict[str, Any], items: Sequence[Item], keys: Sequence[str | None]) -> list[str]:
    """The keys of all entries: those that are new get one, and a subtask."""
    free, state["made"] = opened.unused("todo", state.get("made", 0), keys.count(None))
    named = [key or free.pop() for key in keys]
    new = {name: item.content for item, key, name in zip(items, keys, named, strict=True) if key is None}
    if new:
        opened.add(new)
    return named


def _tell(opened: Book, key: str, item: Item, agent: str) -> None:
    """What has changed of an entry, and nothing else."""
    row = opened.rows[key]
    under_way = item.status == Status.IN_PROGRESS
    doing = item.doing if under_way and item.doing != row.message else None
    if (row.status, row.content) != (item.status, item.content) or doing:
        opened.tell(Told(key, Status(item.status), content=item.content, message=doing), agent)
