"""Pages of the admin, and what is pressed there."""

from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from runs import loop
from runs.models import Agent, Attempt, Run, Subtask, Token
from tests.runs.factories import Work

HISTORY: tuple[Any, ...] = (Run, Subtask, Attempt, Agent, Token)


def go_on(made: Work) -> Work:
    """What follows from where it stands: it starts, or it closes."""
    with made.entry() as entry:
        loop.run_pass(entry, None)
    return made


def changelist(model: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def change(thing: Any, page: str = "change") -> str:
    """The address of a page about it."""
    return reverse(f"admin:{thing._meta.app_label}_{thing._meta.model_name}_{page}", args=[thing.pk])


def do(browser: Client, action: str, *things: Any, **more: str) -> Any:
    """Ticks them in their list and has the action done."""
    data = {"action": action, "_selected_action": [thing.pk for thing in things], **more}
    return browser.post(changelist(type(things[0])), data, follow=True)


def said(response: Any) -> list[str]:
    return [str(message) for message in response.context["messages"]]


def queries_of(browser: Client, path: str) -> int:
    """How many queries a page needs, once the process has seen it."""
    browser.get(path)
    with CaptureQueriesContext(connection) as found:
        assert browser.get(path).status_code == 200
    return len(found)
