"""What a page loads: how heavy it is, and that all of it is ours, none of it inline, and of a size to read."""

import gzip
import re
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles import finders
from django.test import Client

from tests.scenes import Scene

MOST_BYTES = 100_000  # compressed, with all that it loads
MOST_LINES = 300
SOURCES = settings.BASE_DIR / "static"
TEMPLATES = settings.BASE_DIR / "templates"
PAGES = [
    "/",
    "/todos/",
    "/todos/{todo}/",
    "/todos/{todo}/plan/",
    "/runs/",
    "/runs/{run}/",
    "/runs/{run}/graph/",
    "/runs/{run}/subtasks/",
    "/runs/{run}/subtasks/k0/",
    "/runs/{run}/events/",
    "/runs/{run}/resources/",
    "/runs/{run}/insight/",
    "/agents/",
    "/insights/",
    "/settings/",
]
_LOADED = re.compile(r'(?:src|href)="(/static/[^"#]+)')
_IMPORTED = re.compile(r'import\b[^"\';]*["\'](\.[^"\']+)["\']')
_NAMED = re.compile(r"url\(")
_INLINE = re.compile(r'<script(?![^>]*\ssrc=)|<style|\s(?:style|on[a-z]+)="|javascript:', re.IGNORECASE)


def loaded(html: str) -> set[Path]:
    """The files of ours that a browser fetches for this page."""
    found: set[Path] = set()
    new = {Path(str(finders.find(path.removeprefix("/static/")))) for path in _LOADED.findall(html)}
    while new:
        found |= new
        scripts = [path for path in new if path.suffix == ".js"]
        new = {(path.parent / name).resolve() for path in scripts for name in _IMPORTED.findall(path.read_text())}
        new -= found
    return found


def weight(data: bytes) -> int:
    return len(gzip.compress(data, compresslevel=9))


def test_no_page_is_heavier_than_it_may_be(browser: Client, run: Scene) -> None:
    for path in PAGES:
        html = browser.get(path.format(run=run.run_id, todo=run.run.todo_id)).content
        files = loaded(html.decode())
        assert len(files) > 10, path
        assert weight(html) + sum(weight(path.read_bytes()) for path in files) <= MOST_BYTES, path


def test_what_scripts_import_is_weighed_too() -> None:
    files = {path.name for path in loaded('<script src="/static/js/page.js" type="module"></script>')}
    assert {"page.js", "keys.js", "clock.js", "figures.js"} <= files


def test_style_sheets_ask_for_nothing() -> None:
    assert [path.name for path in SOURCES.glob("css/*.css") if _NAMED.search(path.read_text())] == []


def test_style_sheets_and_scripts_are_read_in_one_sitting() -> None:
    ours = [*SOURCES.glob("css/**/*.css"), *SOURCES.glob("js/**/*.js")]
    assert len(ours) > 20
    assert [path.name for path in ours if len(path.read_text().splitlines()) > MOST_LINES] == []


def test_no_template_has_a_script_or_a_style_of_its_own() -> None:
    inline = {str(path.relative_to(TEMPLATES)): _INLINE.findall(path.read_text()) for path in TEMPLATES.rglob("*.html")}
    # The report is one file to keep: its own policy lets that one style sheet be, and no script at all.
    assert {name: found for name, found in inline.items() if found} == {"report/page.html": ["<style"]}
