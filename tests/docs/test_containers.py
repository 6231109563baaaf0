"""`compose.yaml` and the `Dockerfile` name commands, flags, variables and files that there are. Neither is run here."""

import re
from typing import Any

import yaml
from django.core.management import load_command_class

from tests.docs.reading import ROOT, text_of, words

COMMANDS = {"web": "dashboard", "orchestrate": "dashboard", "worker": "runs"}  # the app of each
READ_BY_PYTHON = {"PYTHONUNBUFFERED"}


def services() -> dict[str, Any]:
    found = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]
    assert isinstance(found, dict)
    return found


def ours() -> dict[str, Any]:
    return {name: said for name, said in services().items() if "build" in said}


def dockerfile() -> list[tuple[str, str]]:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    return [(word, rest) for word, rest in re.findall(r"^([A-Z]+) (.*)$", text, re.MULTILINE)]


def known() -> set[str]:
    """The variables that `docs/settings.md` has."""
    return set(words(text_of("docs/settings.md")))


def test_each_service_of_ours_is_a_command_with_flags_it_knows() -> None:
    assert set(ours()) == set(COMMANDS)
    for name, said in ours().items():
        command, *flags = said["command"]
        parser = load_command_class(COMMANDS[command], command).create_parser("manage.py", command)
        parser.parse_args(flags)  # raises for what it does not know
        assert command == name


def test_each_variable_is_one_that_is_read() -> None:
    for said in ours().values():
        assert set(said["environment"]) <= known()
        assert {"DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL", "ABREAST_SECRET_KEY"} <= set(said["environment"])
    for word, rest in dockerfile():
        if word == "ENV":
            assert {pair.split("=")[0] for pair in rest.split()} <= known() | READ_BY_PYTHON


def test_servers_are_awaited_and_named_as_the_addresses_have_them() -> None:
    for said in ours().values():
        for name in said["depends_on"]:
            assert "healthcheck" in services()[name]
            assert any(f"{name}" in str(address) for address in said["environment"].values())


def test_the_image_installs_a_file_that_there_is_and_starts_a_command_that_there_is() -> None:
    (install,) = [rest for word, rest in dockerfile() if word == "RUN" and "pip install" in rest]
    assert (ROOT / install.split("-r ")[1]).is_file()
    ((_, entry),) = [line for line in dockerfile() if line[0] == "ENTRYPOINT"]
    assert (ROOT / yaml.safe_load(entry)[1]).is_file()
    ((_, command),) = [line for line in dockerfile() if line[0] == "CMD"]
    assert yaml.safe_load(command)[0] in COMMANDS
