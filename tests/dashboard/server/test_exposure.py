"""When a server may be reached by other machines."""

from typing import Any

import pytest
from pytest_django import Settings

from dashboard.server import exposure

SAFE: dict[str, Any] = {
    "DEBUG": False,
    "SECRET_KEY": "x" * exposure.SHORTEST_KEY,
    "SERVED_HOSTS": ["127.0.0.1", "name.example"],
    "SHELL": "sandbox",
}


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1"])
def test_loopback_is_this_machine_alone(address: str) -> None:
    assert exposure.is_local(address)


@pytest.mark.parametrize(
    "address", ["0.0.0.0", "::", "192.168.1.2", "8.8.8.8", "fe80::1%eth0", "::ffff:0.0.0.0", "::ffff:10.0.0.1"]
)
def test_every_other_address_is_for_others_too(address: str) -> None:
    assert not exposure.is_local(address)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("DEBUG", True, "ABREAST_DEBUG is on"),
        ("SECRET_KEY", "changeme", "ABREAST_SECRET_KEY can be guessed"),
        ("SECRET_KEY", "django-insecure-" + "x" * 50, "ABREAST_SECRET_KEY can be guessed"),
        ("SERVED_HOSTS", ["name.example", "*"], "ABREAST_ALLOWED_HOSTS is *"),
        ("SHELL", "trusted", "ABREAST_SHELL is trusted"),
    ],
)
def test_each_danger_is_named(settings: Settings, name: str, value: Any, said: str) -> None:
    for safe_name, safe_value in SAFE.items():
        setattr(settings, safe_name, safe_value)
    assert exposure.dangers() == []
    setattr(settings, name, value)
    assert exposure.dangers() == [said]


def test_all_dangers_are_named_together(settings: Settings) -> None:
    settings.DEBUG, settings.SECRET_KEY, settings.SERVED_HOSTS, settings.SHELL = True, "x", ["*"], "trusted"
    assert len(exposure.dangers()) == 4
