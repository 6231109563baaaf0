"""`manage.py login_link`: prints a link that signs the owner in, once, within ten minutes."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils import timezone

from dashboard.server import serving
from runs import tokens


class Command(BaseCommand):
    help = "Prints a link that signs the owner in. It works once and for ten minutes."

    def handle(self, *args: Any, **options: Any) -> None:
        secret = tokens.make_login_link(tokens.owner(), timezone.now())
        url = serving.running_url(settings.HOME)
        if url is None:
            url = serving.url_of(settings.BIND_HOST, settings.BIND_PORT)
            self.stderr.write(
                f"no server of {settings.HOME} answers now: the link is for one at {url}, "
                "and leads nowhere if it says another address when it starts"
            )
        self.stdout.write(f"{settings.PUBLIC_URL or url}/login/{secret}/")
