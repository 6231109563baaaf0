"""The first run of a new installation: when there is one, and of what."""

from pathlib import Path

import pytest
from django.contrib.auth.models import User
from pytest_django import Settings

from dashboard.server import first_run
from runs.models import Run
from tests.scenes import scene
from todos.models import Todo


@pytest.fixture
def here(settings: Settings, tmp_path: Path) -> Path:
    """A checkout of two modules, in a workspace of its own."""
    checkout = tmp_path / "workspace" / "checkout"
    checkout.mkdir(parents=True)
    (checkout / "one.py").write_text("import two\n")
    (checkout / "two.py").write_text("")
    settings.DEMO, settings.BASE_DIR, settings.WORKSPACE = True, checkout, checkout.parent
    return checkout


def executors() -> set[str]:
    return set(Todo.objects.exclude(executor=None).values_list("executor__name", flat=True))


def test_it_says_what_it_explores(ada: User, here: Path) -> None:
    run = first_run.start_if_wanted(ada)
    assert run is not None
    assert run.content == "Exploration of Abreast: the lines, symbols and imports of 2 modules"
    assert (run.owner, run.total) == (ada, 10)
    assert executors() == {"read", "python"}


def test_outside_of_the_workspace_nothing_is_read_by_the_workspace(ada: User, here: Path, settings: Settings) -> None:
    settings.WORKSPACE = here.parent.parent / "elsewhere"
    assert first_run.start_if_wanted(ada) is not None
    assert executors() == {"python"}


def test_there_is_none_when_none_is_wanted_or_one_was_there(ada: User, here: Path, settings: Settings) -> None:
    settings.DEMO = False
    assert first_run.start_if_wanted(ada) is None
    settings.DEMO = True
    made = scene(ada)
    assert first_run.start_if_wanted(ada) is None
    assert list(Run.objects.values_list("pk", flat=True)) == [made.run_id]


def test_a_source_tree_that_cannot_be_read_is_no_reason_not_to_start(
    ada: User, here: Path, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.BASE_DIR = here / "gone"
    assert first_run.start_if_wanted(ada) is None
    assert "there is no first run to look at" in caplog.text
    assert not Todo.objects.exists()
