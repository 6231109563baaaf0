import re
import subprocess

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from runs import actions
from tests.factories import plant
from tests.scenes import Scene, scene

pytestmark = pytest.mark.django_db


def text(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", html))


def test_without_any_run_the_page_teaches_how_to_begin(browser: Client) -> None:
    html = browser.get("/").content.decode()
    assert "Nothing runs yet" in html
    assert "http://testserver/api/v1" in html
    assert "create_token laptop --scope operator" in html
    assert 'href="/todos/new/#text"' in html
    assert "todowrite" not in html  # there is no such route yet


def test_the_commands_to_paste_are_well_formed(browser: Client) -> None:
    for command in browser.get("/").context["code"].values():
        subprocess.run(["bash", "-n", "-c", command], check=True)


def test_a_run_under_way_has_a_card(browser: Client, ada: User) -> None:
    there = scene(ada, "abc", content="Review the code base", max_agents=2)
    there.start("a", "b")
    there.complete("a")
    html = browser.get("/").content.decode()
    assert f'href="/runs/{there.run_id}/"' in html
    said = text(html)
    assert "1 run under way" in said
    assert "1 of 3 subtasks completed" in said
    assert "agent-1" in said


def test_what_failed_can_be_tried_again_from_here(browser: Client, ada: User) -> None:
    there = scene(ada, "ab", {"b": ["a"]})
    there.start("a")
    there.fail("a")
    html = browser.get("/").content.decode()
    assert f'formaction="/runs/{there.run_id}/retry/"' in html
    assert "holds up <b>1 subtask</b>" in html
    assert ", 1 waiting for you" in html


def test_nobody_sees_the_runs_of_somebody_else(eves: Client, ada: User) -> None:
    scene(ada, content="Ada's secret run")
    for path in ("/", "/frame/"):
        assert "secret" not in eves.get(path).content.decode()


def test_the_page_takes_the_same_queries_for_two_runs_and_for_eight(
    browser: Client, ada: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    counts = []
    for _ in range(2):
        for _ in range(4):
            there = scene(ada, "abc", max_agents=2)
            there.start("a", "b")
            there.complete("a")
        with django_assert_max_num_queries(17) as taken:
            browser.get("/")
        counts.append(len(taken))
    assert counts[0] == counts[1]


def test_the_frame_is_what_the_page_shows(browser: Client, ada: User) -> None:
    scene(ada, content="Review the code base")
    response = browser.get("/frame/")
    assert response.status_code == 200
    assert 'hx-target="#overview-running"' in response.content.decode()


def test_a_question_is_answered_with_a_button(browser: Client, ada: User) -> None:
    ask = {"key": "ok", "content": "Ask", "executor": {"name": "approval", "question": "Ship <it>?"}}
    for answer, status in (("approve", "completed"), ("refuse", "failed")):
        run = actions.start(plant(ada, subtasks=[ask]), actions.Options())
        there = Scene(run, run.updated_at)
        with there.entry():
            pass
        html = browser.get("/").content.decode()
        path = f"/runs/{there.run_id}/subtasks/ok/{answer}/?on=overview"
        assert "Ship &lt;it&gt;?" in html
        assert f'formaction="{path}"' in html
        assert browser.get(path).status_code == 405
        assert browser.post(path).status_code == 302
        assert there.subtask("ok").status == status
        assert path not in browser.get("/").content.decode()
