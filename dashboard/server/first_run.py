"""The first run of a new installation: it explores a source tree, so that there is something to look at."""

import logging
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction

from runs import actions
from runs.executors import explore
from runs.models import Run
from todos import actions as todo_actions
from todos.paths import PathError
from todos.principal import for_person

NAME = "Abreast"

log = logging.getLogger(__name__)


def start_if_wanted(owner: User) -> Run | None:
    """Starts it unless the setting says no or a run exists. It explores the source tree of Abreast itself."""
    if not settings.DEMO or Run.objects.exists():
        return None
    try:
        tree = _outline()
    except PathError as error:
        log.warning("there is no first run to look at: %s", error)
        return None
    with transaction.atomic():  # with no todo left without its run by a server that is killed
        return actions.start(todo_actions.create(for_person(owner), tree), actions.Options())


def _outline() -> dict[str, Any]:
    here = settings.BASE_DIR
    if here.is_relative_to(settings.WORKSPACE):
        return explore.outline(settings.WORKSPACE, str(here.relative_to(settings.WORKSPACE)), name=NAME)
    return explore.outline(here, name=NAME, own=True)
