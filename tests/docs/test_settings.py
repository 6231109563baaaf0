"""`docs/settings.md` has every variable, setting, command and flag there is, and no other."""

import argparse
import ast
import re
from pathlib import Path
from typing import Any

from django.conf import global_settings
from django.core.management import get_commands, load_command_class
from django.core.management.base import BaseCommand

from dashboard import settings
from tests.docs.reading import DOCUMENTS, ROOT, name_of, section, tables, text_of, words

DOCUMENT = "docs/settings.md"
OURS = ("dashboard", "runs", "todos")
READERS = {"address", "text", "flag", "number", "choice", "words", "secret", "reachable"}
# Of Django's other packages, where the project is, and what its parts know of each other.
NOT_OURS = {
    "WHITENOISE_KEEP_ONLY_HASHED_FILES",
    "WHITENOISE_SKIP_COMPRESS_EXTENSIONS",
    "ASGI_APPLICATION",
    "BASE_DIR",
    "CHANNEL_LAYERS",
    "REST_FRAMEWORK",
    "ROOT_URLCONF",
    "RUN_REPORT_PAGE",
    "SPECTACULAR_SETTINGS",
}
# A variable of the shell that pastes what the empty overview shows: nothing of ours reads it.
OF_THE_SHELL = {"ABREAST_TOKEN"}
UNITS = {"MiB": 2**20, "": 1}


def calls() -> list[tuple[str, list[ast.expr]]]:
    """The readers of `dashboard/env.py` that the settings call, with their arguments."""
    tree = ast.parse(Path(settings.__file__).read_text(encoding="utf-8"))
    return [
        (node.func.attr, node.args)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "env"
        and node.func.attr in READERS
    ]


def read_by_settings() -> set[str]:
    found = set()
    for reader, arguments in calls():
        name = ast.literal_eval(arguments[0])
        found |= {name, f"{name}_FILE"} if reader == "secret" else {name}
    return found


def sources() -> list[Path]:
    files = [path for folder in OURS for path in (ROOT / folder).rglob("*.py")]
    return [*files, ROOT / "manage.py", ROOT / "tests" / "setup.py"]


def named_in_code() -> set[str]:
    """What is read from the environment anywhere, and what begins like our own variables."""
    asked = re.compile(r'os\.environ(?:\.\w+\(|\[)"([A-Z_]+)"|"([A-Z_]+)" in os\.environ|\b(ABREAST_[A-Z_]*[A-Z])\b')
    texts = [path.read_text(encoding="utf-8") for path in sources()]
    return {next(filter(None, match.groups())) for text in texts for match in asked.finditer(text)} - OF_THE_SHELL


def make_variables() -> set[str]:
    """Those of the Makefile that it does not set itself, or only when nobody else has."""
    text = text_of("Makefile")
    used = set(re.findall(r"\$\(([A-Z_]+)\)", text))
    own = set(re.findall(r"^([A-Z_]+) :?= ", text, re.MULTILINE))
    return used - own - {"MAKE", "MAKEFILE_LIST"}


def documented_variables() -> set[str]:
    found = {word for table in tables(section(DOCUMENT, "Environment")) for row in table for word in words(row[0])}
    return found | {word for word in words(section(DOCUMENT, "Environment")) if word.endswith("_FILE")}


def test_every_variable_is_documented_and_no_other() -> None:
    assert documented_variables() == read_by_settings() | named_in_code() | make_variables()


def test_the_defaults_of_variables_are_those_of_the_code() -> None:
    rows = {words(row[0])[0]: words(row[1]) for row in tables(section(DOCUMENT, "Environment"))[0]}
    checked = 0
    for reader, arguments in calls():
        if reader in {"number", "flag", "choice"}:
            default = ast.literal_eval(arguments[1])
            shown = str(int(default)) if isinstance(default, bool) else str(default)
            assert rows[ast.literal_eval(arguments[0])] == [shown]
            checked += 1
    assert checked >= 6


# ---- settings ----


def test_every_setting_of_ours_is_documented_and_no_other() -> None:
    there = {name for name in vars(settings) if name.isupper()}
    ours = {name for name in there if not hasattr(global_settings, name)} - NOT_OURS
    read = {"REDIS_URL", "CELERY_BROKER_URL", "DATABASE_URL", "DEMO"}  # named like their variables
    text = section(DOCUMENT, "Fixed values").partition("\n| ")[2]
    documented = {word for word in words(text) if word.isupper()} - {"DJANGO_SETTINGS_MODULE"}
    assert ours - read - documented == set()
    assert documented - there == set()


def test_the_values_of_settings_are_those_of_the_code() -> None:
    [rows] = tables(section(DOCUMENT, "Fixed values"))
    for name, value, _ in rows:
        is_value = getattr(settings, words(name)[0])
        if isinstance(is_value, list):
            assert words(value) == is_value
            continue
        number, _, unit = value.partition(" ")
        assert float(number.replace(",", "")) * UNITS[unit] == is_value, name


# ---- commands ----


def our_commands() -> dict[str, Any]:
    apps = {name: app for name, app in get_commands().items() if app in OURS}
    return {name: load_command_class(app, name) for name, app in apps.items()}


def flags(command: Any) -> set[str]:
    """Its own, beside those that every command has."""
    every = BaseCommand().create_parser("manage.py", "any")
    own: argparse.ArgumentParser = command.create_parser("manage.py", "one")
    known = {option for action in every._actions for option in action.option_strings}
    return {option for action in own._actions for option in action.option_strings} - known


def test_every_command_and_its_flags_are_documented_and_no_other() -> None:
    commands, documented = tables(section(DOCUMENT, "Commands"))
    assert {words(row[0])[0].split()[0] for row in commands} == set(our_commands())
    there = {(flag, name) for name, command in our_commands().items() for flag in flags(command)}
    assert {(words(flag)[0], words(of)[0]) for flag, of, _ in documented} == there


def test_commands_that_take_no_flags_are_said_to_take_none() -> None:
    commands = tables(section(DOCUMENT, "Commands"))[0]
    none = {words(row[0])[0] for row in commands if "takes no flags" in row[1]}
    assert none == {name for name, command in our_commands().items() if not flags(command)}


def test_every_command_named_anywhere_exists() -> None:
    for document in DOCUMENTS:
        for name in re.findall(r"manage\.py ([a-z_]+)", text_of(name_of(document))):
            assert name in {*get_commands(), "help"}, f"{name_of(document)}: manage.py {name}"


# ---- make ----


def targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):.*## ", text_of("Makefile"), re.MULTILINE))


def test_every_make_target_is_documented_and_no_other() -> None:
    [rows] = tables(section("docs/development.md", "Targets"))
    assert {words(row[0])[0] for row in rows} == {f"make {name}" for name in targets()}


def test_every_make_target_named_anywhere_exists() -> None:
    for document in DOCUMENTS:
        found = re.findall(r"(?:`|^|[A-Z]+=\S+ )make ([a-z-]+)", text_of(name_of(document)), re.MULTILINE)
        assert set(found) - {"build"} - targets() == set(), name_of(document)  # `make build` is an example's
