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
        # Where the server of this home answers, or would.
        url = serving.remembered_url(settings.HOME) or serving.url_of(settings.BIND_HOST, settings.BIND_PORT)
        secret = tokens.make_login_link(tokens.owner(), timezone.now())
        self.stdout.write(f"{url}/login/{secret}/")
