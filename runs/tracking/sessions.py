"""Sessions of agents outside: one for each name that a token gives, each with one run at a time."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.db import transaction
from django.utils import timezone

from runs import actions
from runs.engine import states
from runs.models import Backend, Run, Session
from todos import actions as todo_actions
from todos.principal import Principal
from todos.wire.inputs import SubtaskIn, TodoIn

MAX_NAME = 200


@contextmanager
def held(principal: Principal, name: str) -> Iterator[Session]:
    """The session, made if it is new, nobody else's until the transaction ends; what was changed in it is kept."""
    with transaction.atomic():
        Session.objects.get_or_create(principal=principal.name, name=name)
        locked = Session.objects.select_for_update(of=("self",)).select_related("run__todo")
        session = locked.get(principal=principal.name, name=name)
        yield session
        session.heard_at = timezone.now()
        session.save()


def current_run(session: Session) -> Run | None:
    """The run that shows it, if that has not ended and is not being cancelled."""
    run = session.run
    if run is None or run.status in states.RUN_TERMINAL or run.cancel_requested_at is not None:
        return None
    return run


def start(principal: Principal, session: Session, content: str, subtasks: Sequence[SubtaskIn] = ()) -> Run:
    """A new run for it. Raises Invalid when there are too many subtasks."""
    todo = todo_actions.create(principal, TodoIn(content=content, subtasks=list(subtasks)))
    session.run = actions.start(todo, actions.Options(backend=Backend.TRACKED), made_by_id=principal.token_id)
    return session.run
