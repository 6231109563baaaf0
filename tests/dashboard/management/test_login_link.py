import io
import re
from pathlib import Path

from django.contrib.auth.models import User
from django.core.management import call_command
from django.utils import timezone
from pytest_django import Settings

from dashboard.server import serving
from runs import tokens


def printed() -> tuple[str, str]:
    """What is printed, and what is said beside it."""
    out, beside = io.StringIO(), io.StringIO()
    call_command("login_link", stdout=out, stderr=beside)
    return out.getvalue(), beside.getvalue()


def test_login_link_prints_a_link_that_signs_the_owner_in(ada: User, settings: Settings, tmp_path: Path) -> None:
    settings.HOME = tmp_path
    with serving.remembered(tmp_path, "http://[::1]:8123"):
        link, beside = printed()
    found = re.fullmatch(r"http://\[::1\]:8123/login/([A-Za-z0-9_-]{43})/\n", link)
    assert found
    assert beside == ""
    assert tokens.redeem(found[1], timezone.now()) == ada


def test_login_link_leads_to_where_the_server_answers_whatever_the_settings_say(
    ada: User, settings: Settings, tmp_path: Path
) -> None:
    settings.HOME, settings.BIND_PORT = tmp_path, 8000
    with serving.remembered(tmp_path, "http://127.0.0.1:8001"):
        assert printed()[0].startswith("http://127.0.0.1:8001/login/")


def test_login_link_says_when_no_server_answers(ada: User, settings: Settings, tmp_path: Path) -> None:
    settings.HOME, settings.BIND_HOST, settings.BIND_PORT = tmp_path, "127.0.0.1", 8123
    with serving.remembered(tmp_path, "http://127.0.0.1:8001"):
        pass
    link, beside = printed()
    assert link.startswith("http://127.0.0.1:8123/login/")
    assert f"no server of {tmp_path} answers now: the link is for one at http://127.0.0.1:8123" in beside
