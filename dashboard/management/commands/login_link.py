"""`manage.py login_link`: prints a link that signs the owner in, once, within ten minutes."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils import timezone

from dashboard import serving
from runs import tokens


class Command(BaseCommand):
    help = "Prints a link that signs the owner in. It works once and for ten minutes."

    def handle(self, *args: Any, **options: Any) -> None:
        secret = tokens.make_login_link(tokens.owner(), timezone.now())
        self.stdout.write(f"{_url()}/login/{secret}/")


def _url() -> str:
    """Where the server of this home answers, or would."""
    host = settings.BIND_HOST
    name = f"[{host}]" if ":" in host else host
    return serving.remembered_url(settings.HOME) or f"http://{name}:{settings.BIND_PORT}"
