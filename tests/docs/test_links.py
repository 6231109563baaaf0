"""Links lead somewhere, pictures are there and small, and no document names what only its writer's machine has."""

import json
import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.docs.reading import DOCUMENTS, ROOT, anchors, fences, links, name_of, text_of
from tests.pictures.__main__ import PICTURES, TARGET
from tests.pictures.picture import MOST_BYTES

NAMES = [name_of(document) for document in DOCUMENTS]
KNOWN_HOSTS = {"127.0.0.1:8000", "name.example", "semver.org", "status.example", "www.standardwebhooks.com"}

ALL_BYTES = 2_000_000  # of all pictures: they are in every clone, once for each time they are taken


def test_there_is_every_document_a_stranger_looks_for() -> None:
    expected = {"README.md", "CONTRIBUTING.md", "CHANGELOG.md"}
    expected |= {f"docs/{name}.md" for name in "api design development performance reliability settings using".split()}
    assert expected <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_link_leads_somewhere(name: str) -> None:
    for link in links(name):
        parts = urlsplit(link)
        if parts.scheme:
            assert parts.netloc in KNOWN_HOSTS, f"{name}: {link}"
            continue
        target = (ROOT / name).parent / parts.path if parts.path else ROOT / name
        assert target.resolve().is_relative_to(ROOT), f"{name}: {link}"
        assert target.exists(), f"{name}: {link}"
        if parts.fragment:
            assert parts.fragment in anchors(name_of(target.resolve())), f"{name}: {link}"


@pytest.mark.parametrize("name", NAMES)
def test_every_module_that_is_named_is_there(name: str) -> None:
    named = set(re.findall(r"`((?:runs|todos|dashboard|tests|conformance|server|services)/[\w/]+\.py)`", text_of(name)))
    assert {path for path in named if not any((base / path).exists() for base in (ROOT, ROOT / "tests"))} == set()


def test_every_document_can_be_reached_from_the_readme() -> None:
    found, left = set(), ["README.md"]
    while left:
        name = left.pop()
        found.add(name)
        for link in links(name):
            target = ((ROOT / name).parent / link.partition("#")[0]).resolve()
            if target.suffix == ".md" and name_of(target) not in found:
                left.append(name_of(target))
    assert set(NAMES) - found == set()


@pytest.mark.parametrize("name", NAMES)
def test_no_address_is_named_but_the_known_ones(name: str) -> None:
    hosts = set(re.findall(r"\b(?:https?|file|wss?)://([^/\s`\"')]*)", text_of(name)))
    assert hosts - KNOWN_HOSTS == set()


@pytest.mark.parametrize("name", NAMES)
def test_no_path_of_a_machine_is_named(name: str) -> None:
    assert re.findall(r"(?<![\w.])/(?:home|root|Users|mnt|srv|opt|tmp|usr)/\w[^\s`]*", text_of(name)) == []


@pytest.mark.parametrize("name", NAMES)
def test_every_json_example_is_json(name: str) -> None:
    for fence in fences(name, "json"):
        assert json.loads(fence.text) is not None, fence.where


# ---- pictures ----


def test_every_picture_is_taken_by_the_command_and_shown_somewhere() -> None:
    there = {path.stem for path in TARGET.glob("*.png")}
    shown = {Path(link).stem for name in NAMES for link in links(name) if link.endswith(".png")}
    assert there == set(PICTURES) == shown


def test_pictures_are_small() -> None:
    sizes = {path.name: path.stat().st_size for path in TARGET.iterdir()}
    assert {name: size for name, size in sizes.items() if size > MOST_BYTES} == {}
    assert sum(sizes.values()) < ALL_BYTES
