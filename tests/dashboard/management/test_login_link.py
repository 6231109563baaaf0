import io
import re
from pathlib import Path

from django.contrib.auth.models import User
from django.core.management import call_command
from django.utils import timezone
from pytest_django import Settings

from dashboard import serving
from runs import tokens


def printed() -> str:
    out = io.StringIO()
    call_command("login_link", stdout=out)
    return out.getvalue()


def test_login_link_prints_a_link_that_signs_the_owner_in(ada: User, settings: Settings, tmp_path: Path) -> None:
    settings.HOME = tmp_path
    settings.BIND_HOST, settings.BIND_PORT = "::1", 8123
    found = re.fullmatch(r"http://\[::1\]:8123/login/([A-Za-z0-9_-]{43})/\n", printed())
    assert found
    assert tokens.redeem(found[1], timezone.now()) == ada


def test_login_link_leads_to_where_the_server_answers(ada: User, settings: Settings, tmp_path: Path) -> None:
    settings.HOME = tmp_path
    serving.remember(tmp_path, "http://127.0.0.1:8001")
    assert printed().startswith("http://127.0.0.1:8001/login/")
