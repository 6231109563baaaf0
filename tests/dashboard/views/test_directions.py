"""What people write is read, and cut, in its own direction."""

import re

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.scenes import scene

pytestmark = pytest.mark.django_db

TITLE = "בדיקת העברת התשלומים"
CHANGE = "/admin/runs/run/{run}/change/"
MARKUP = re.compile(rf"<(?P<tag>\w+)(?P<attributes>[^>]*)>(?:<a [^>]*>)?{TITLE}")


@pytest.mark.parametrize("path", ["/runs/", "/runs/{run}/", "/runs/{run}/subtasks/", "/runs/{run}/subtasks/a/"])
def test_titles_say_that_their_direction_is_their_own(browser: Client, ada: User, path: str) -> None:
    there = scene(ada, "ab", content=TITLE)
    there.start("a")
    there.run.subtasks.update(content=TITLE)
    page = browser.get(path.format(run=there.run_id)).content.decode()
    found = [match for match in MARKUP.finditer(page) if match["tag"] not in ("title", "option")]
    assert found
    assert [match[0] for match in found if 'dir="auto"' not in match["attributes"]] == []


@pytest.mark.parametrize("path", ["/admin/runs/run/", "/admin/runs/subtask/", "/admin/todos/todo/", CHANGE])
def test_lists_of_the_admin_say_so_too(browser: Client, ada: User, path: str) -> None:
    there = scene(ada, "ab", content=TITLE)
    there.run.subtasks.update(content=TITLE)
    page = browser.get(path.format(run=there.run_id)).content.decode()
    found = [match for match in MARKUP.finditer(page) if match["tag"] in ("td", "th")]
    assert found
    assert [match[0] for match in found if 'dir="auto"' not in match["attributes"]] == []


def test_titles_of_runs_that_ended_do_so_too(browser: Client, ada: User) -> None:
    there = scene(ada, "a", content=TITLE)
    there.now = there.run.created_at
    there.start("a")
    there.complete("a")
    page = browser.get("/insights/").content.decode()
    assert f'dir="auto"><a class="name" href="/runs/{there.run_id}/insight/">{TITLE}' in page
