"""The page of a run that agents report, and what they ask elsewhere."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from runs import actions
from tests.factories import Api, token_of
from tests.runs.tracking.recorded import Session
from tests.runs.tracking.watching import say, tracked

pytestmark = pytest.mark.django_db


def test_the_page_says_who_reports_and_offers_only_what_can_be_done(browser: Client, api: Api) -> None:
    run = tracked(api, "a")
    say(api, run, "a", "in_progress")
    html = browser.get(f"/runs/{run}/").content.decode()
    assert "Its agents report by themselves." in html
    assert f"/runs/{run}/cancel/" in html
    assert f"/runs/{run}/pause/" not in html


def test_what_was_cancelled_cannot_be_tried_again_here(browser: Client, api: Api) -> None:
    run = tracked(api, "a")
    actions.cancel(run)
    say(api, run, "a", "cancelled")
    html = browser.get(f"/runs/{run}/").content.decode()
    assert "Cancelled after" in html
    assert f"/runs/{run}/retry/" not in html


def test_why_a_subtask_waits_is_that_its_agent_has_not_begun(browser: Client, api: Api) -> None:
    run = tracked(api, "a")
    assert "its agent has not begun" in browser.get(f"/runs/{run}/subtasks/").content.decode()


def test_what_an_agent_asks_elsewhere_has_no_buttons_here(browser: Client, ada: User) -> None:
    claude = Session(Api(token_of(ada, "agent")))
    claude.write_todos("t1", "> Build")
    claude.send("PermissionRequest", tool_name="Bash", tool_input={"command": "make"})
    html = browser.get("/").content.decode()
    assert "May it use Bash: make?" in html
    assert "answer there" in html
    assert "/approve/" not in html
