"""The first run of a new installation: it explores a source tree, so that there is something to look at."""

from django.conf import settings
from django.contrib.auth.models import User

from runs import actions
from runs.executors import explore
from runs.models import Run
from todos import actions as todo_actions
from todos.principal import for_person


def start_if_wanted(owner: User) -> Run | None:
    """Starts it unless the setting says no or a run exists. It explores Abreast itself, where that may be read."""
    if not settings.DEMO or Run.objects.exists():
        return None
    here = settings.BASE_DIR
    folder = str(here.relative_to(settings.WORKSPACE)) if here.is_relative_to(settings.WORKSPACE) else "."
    todo = todo_actions.create(for_person(owner), explore.outline(settings.WORKSPACE, folder))
    return actions.start(todo, actions.Options())
